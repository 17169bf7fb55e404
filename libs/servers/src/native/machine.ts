import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from '../cache/cache.ts'
import { run, runChecked } from '../process/run.ts'
import { type AptSource, mirrorFor, parseDeb822, parseOneLine } from './apt-sources.ts'

/** Debian packages of this machine that the native provider works with, by the program looked for. */
const tools: Record<string, string> = { mmdebstrap: 'mmdebstrap', bwrap: 'bubblewrap', tar: 'tar' }

/** Why the native provider cannot work on this machine; undefined when it can. */
export function nativeObstacle(): string | undefined {
  if (process.platform !== 'linux') return `it needs Debian Linux, this is ${process.platform}`
  if (process.getuid?.() !== 0) return 'it needs root'
  const release = osRelease()
  if (release.get('ID') !== 'debian') return `it needs Debian, this is ${release.get('ID') ?? 'unknown'}`
  return undefined
}

/** Installs what is missing with apt-get. Throws with the command to type when that fails. */
export async function ensureTools(names: readonly string[], report: Report): Promise<void> {
  const missing = names.filter((name) => !onPath(name)).map((name) => tools[name] ?? name)
  if (missing.length === 0) return
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`
  report(`installing ${missing.join(', ')} (${command})`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = () => run('apt-get', command.split(' ').slice(1), { env })
  let result = await install()
  if (result.code !== 0) {
    await run('apt-get', ['update'], { env })
    result = await install()
  }
  if (result.code !== 0) {
    const said = result.stderr.trim().split('\n').slice(-5).join('\n')
    throw new Error(`these tools are missing and apt-get could not install them. Run: ${command}\n${said}`)
  }
}

export function onPath(program: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(':')
  return folders.some((folder) => folder !== '' && existsSync(join(folder, program)))
}

/** Throws with a reason and a way out when this kernel or container forbids bubblewrap's namespaces. */
export async function assertSandboxWorks(): Promise<void> {
  const args = ['--ro-bind', '/', '/', '--proc', '/proc', '--unshare-user', '--unshare-pid', 'true']
  const result = await run('bwrap', args)
  if (result.code === 0) return
  throw new Error(
    `bwrap cannot make namespaces here (${result.stderr.trim()}). In a container, start it with ` +
      '--privileged or --security-opt seccomp=unconfined --cap-add SYS_ADMIN; else use --provider docker.',
  )
}

/** The mirror of this machine, as mmdebstrap takes it. */
export function debianMirror(release: string, etcApt = '/etc/apt'): string {
  const sources: AptSource[] = []
  const list = join(etcApt, 'sources.list')
  if (existsSync(list)) sources.push(...parseOneLine(readFileSync(list, 'utf8')))
  const parts = join(etcApt, 'sources.list.d')
  for (const name of existsSync(parts) ? readdirSync(parts).sort() : []) {
    const text = readFileSync(join(parts, name), 'utf8')
    if (name.endsWith('.sources')) sources.push(...parseDeb822(text))
    if (name.endsWith('.list')) sources.push(...parseOneLine(text))
  }
  const mirror = mirrorFor(release, sources, osRelease().get('VERSION_CODENAME') ?? release)
  if (mirror !== undefined) return mirror
  throw new Error(`no Debian mirror with the component main is configured in ${list} or ${parts}`)
}

/** Proxy, certificate and date settings of this machine's apt, as options for mmdebstrap, which reads none of them. */
export async function aptTransportOptions(): Promise<string[]> {
  const dump = await runChecked('reading the apt configuration', 'apt-config', ['dump', 'Acquire'])
  return dump
    .split('\n')
    .filter((line) => /^Acquire::(https?::|Check-Date|Check-Valid-Until)\S* "[^"]+";$/.test(line))
    .map((line) => `--aptopt=${line.replace(/;$/, '')}`)
}

function osRelease(): Map<string, string> {
  const file = '/etc/os-release'
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  return new Map(
    lines.flatMap((line) => {
      const [name, value] = line.split('=', 2)
      return name === undefined || value === undefined ? [] : [[name, value.replaceAll('"', '')] as const]
    }),
  )
}
