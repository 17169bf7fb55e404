import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../commands.ts'
import type { Step } from './read-page.ts'

const run = promisify(execFile)
/** Neither part of the repository nor needed: installed packages, data, what tools keep. */
const leftOut = new Set(['node_modules', '.git', '.synap', '.cache', '.nx', 'results', 'coverage'])
const scope = '@synap'

export interface RepositoryCopy extends AsyncDisposable {
  path: string
  follow(step: Step): Promise<void>
  /** Runs a shell script in it; rejects with what it said when it fails. */
  run(script: string): Promise<string>
}

/** All of the code in a folder of its own, which a test may change. It shares the installed packages, but not its own. */
export async function copyRepository(): Promise<RepositoryCopy> {
  const path = await mkdtemp(join(tmpdir(), 'synap-copy-'))
  const copy = {
    path,
    run: (script: string) => runIn(path, script),
    follow: (step: Step) => follow(path, step),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
  try {
    await cp(root, path, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => source === root || !leftOut.has(basename(source)),
    })
    await linkPackages(path)
    // Some checks ask git which files there are.
    await copy.run('git init --quiet')
    return copy
  } catch (error) {
    await copy[Symbol.asyncDispose]()
    throw error
  }
}

/** Installed packages by links; the repository's own lie in the copy, as npm has them: links relative to the root. */
async function linkPackages(path: string): Promise<void> {
  const from = join(root, 'node_modules')
  await mkdir(join(path, 'node_modules', scope), { recursive: true })
  // What tools keep there belongs to each copy alone.
  const names = (await readdir(from)).filter((name) => name !== scope && !/^\.(?!bin$)/.test(name))
  for (const name of names) await symlink(join(from, name), join(path, 'node_modules', name))
  for (const name of await readdir(join(from, scope))) {
    await symlink(await readlink(join(from, scope, name)), join(path, 'node_modules', scope, name))
  }
  for (const folder of await workspaces()) {
    const own = join(folder, 'node_modules')
    if ((await readdir(join(root, own)).catch(() => [])).length > 0) {
      await symlink(join(root, own), join(path, own))
    }
  }
}

async function workspaces(): Promise<string[]> {
  const names = (parent: string) => readdir(join(root, parent))
  const [libs, services] = await Promise.all([names('libs'), names('services')])
  return [
    'bench',
    'e2e',
    ...libs.map((name) => join('libs', name)),
    ...services.map((name) => join('services', name)),
  ]
}

async function follow(path: string, step: Step): Promise<void> {
  switch (step.do) {
    case 'run':
      return void (await runIn(path, step.script))
    case 'write': {
      const file = join(path, step.path)
      await mkdir(dirname(file), { recursive: true })
      return writeFile(file, step.text, { flag: 'wx' })
    }
    case 'add': {
      const file = join(path, step.path)
      const lines = (await readFile(file, 'utf8')).split('\n')
      const [at, ...more] = lines.flatMap((line, index) => (line.trim() === step.anchor ? [index] : []))
      if (at === undefined || more.length > 0) {
        throw new Error(`${step.path} does not have the line ${step.anchor} once`)
      }
      lines.splice(step.where === 'below' ? at + 1 : at, 0, step.line)
      return writeFile(file, lines.join('\n'))
    }
    default:
      throw new TypeError('a step is written, added or run')
  }
}

/** Of this process' environment it gets what programs need to run, and nothing that tells them of a test. */
async function runIn(path: string, script: string): Promise<string> {
  const inherited = Object.fromEntries(['HOME', 'TMPDIR', 'LANG'].map((name) => [name, process.env[name]]))
  const programs = [join(path, 'node_modules', '.bin'), dirname(process.execPath), process.env['PATH']]
  const env = { ...inherited, PATH: programs.join(delimiter), CI: 'true' }
  const options = { cwd: path, env, maxBuffer: 64 * 1024 * 1024 }
  try {
    return (await run('sh', ['-e', '-c', script], options)).stdout
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`failed:\n${script}\n${stderr.slice(-4_000)}\n${stdout.slice(-8_000)}`, { cause: error })
  }
}
