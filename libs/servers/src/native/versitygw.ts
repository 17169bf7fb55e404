import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from '../cache/cache.ts'
import { run, runChecked } from '../process/run.ts'
import { versions } from '../versions.ts'
import { ensureTools } from './machine.ts'
import { type BuildContext, debootstrap } from './rootfs.ts'

const source = `github.com/versity/versitygw/cmd/versitygw@${versions.versitygw}`

/** The S3 gateway, compiled: folder with the program `versitygw`. */
export function ensureVersitygw(context: BuildContext, environment: NodeJS.ProcessEnv): Promise<string> {
  return cached(
    context.cacheRoot,
    {
      name: `versitygw-${versions.versitygw}`,
      build: async (folder) => {
        const version = await goVersion()
        context.report(
          `compiling versitygw ${versions.versitygw} with ${version ?? "Debian's Go"} (about a minute)`,
        )
        if (version === undefined) await buildInSandbox(folder, context, environment)
        else await buildHere(folder, context, environment)
      },
    },
    context,
  )
}

/** `go1.26.8`, when this machine has a Go that can fetch a newer tool chain by itself (1.21 and later). */
async function goVersion(): Promise<string | undefined> {
  const result = await run('go', ['env', 'GOVERSION']).catch(() => undefined)
  const version = result?.stdout.trim() ?? ''
  const minor = /^go1\.(\d+)/.exec(version)?.[1]
  return minor !== undefined && Number(minor) >= 21 ? version : undefined
}

async function buildHere(
  folder: string,
  context: BuildContext,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const cache = join(folder, 'build')
  const env = {
    ...environment,
    ...goSettings,
    GOBIN: folder,
    GOPATH: join(cache, 'path'),
    GOCACHE: join(cache, 'go'),
  }
  await runChecked('compiling versitygw', 'go', ['install', source], { env, signal: context.signal })
  rmSync(cache, { recursive: true, force: true })
}

/** No C library, so that it runs in any root; modules stay writable, so that the build folder can be removed. */
const goSettings = { CGO_ENABLED: '0', GOTOOLCHAIN: 'auto', GOFLAGS: '-modcacherw -trimpath' }

/** A machine without Go: Debian's Go in a root of its own that is thrown away; it fetches the tool chain it needs. */
async function buildInSandbox(
  folder: string,
  context: BuildContext,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  await ensureTools(['bwrap'], context.report)
  const builder = join(folder, 'builder')
  const work = join(folder, 'work')
  mkdirSync(work)
  await debootstrap(builder, ['golang-go', 'ca-certificates'], context)
  const settings: Record<string, string> = {
    ...goSettings,
    GOBIN: '/work',
    GOPATH: '/work/path',
    HOME: '/work',
  }
  for (const name of ['GOPROXY', 'GOSUMDB', 'GONOSUMDB', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']) {
    const value = environment[name] ?? environment[name.toLowerCase()]
    if (value !== undefined) settings[name] = value
  }
  const args = [
    '--bind',
    builder,
    '/',
    '--bind',
    work,
    '/work',
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--tmpfs',
    '/tmp',
  ]
  for (const file of ['/etc/resolv.conf', '/etc/hosts']) args.push('--ro-bind-try', file, file)
  // The machine's certificates replace Debian's own: a company's proxy may sign with a root of its own.
  args.push(
    '--ro-bind-try',
    '/etc/ssl/certs',
    '/etc/ssl/certs',
    '--ro-bind-try',
    '/usr/share/ca-certificates',
  )
  args.push('/usr/share/ca-certificates', '--ro-bind-try', '/usr/local/share/ca-certificates')
  args.push('/usr/local/share/ca-certificates', '--unshare-pid', '--die-with-parent', '--clearenv')
  for (const [name, value] of Object.entries({ PATH: '/usr/bin:/bin', ...settings })) {
    args.push('--setenv', name, value)
  }
  const options = { signal: context.signal }
  await runChecked('compiling versitygw', 'bwrap', [...args, 'go', 'install', source], options)
  await runChecked('keeping versitygw', 'cp', [join(work, 'versitygw'), folder])
  rmSync(builder, { recursive: true, force: true })
  rmSync(work, { recursive: true, force: true })
}
