import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Variables } from './compare-answer.ts'
import type { Example } from './read-examples.ts'

const run = promisify(execFile)

/** A request that curl made. `status` is 0 when no answer came. */
export interface Call {
  method: string
  path: string
  status: number
}

export interface ExampleRun {
  output: string
  /** What the shell and curl complained about. */
  complaints: string
  calls: Call[]
}

const callLine = /^synap-call (\S+) (\d+) (\S+)$/

/** Tells curl, besides what an example says, to say what it called, and to give up in the end. */
export async function writeCurlConfig(folder: string): Promise<void> {
  const lines = [
    'silent',
    'show-error',
    'max-time = 30',
    'write-out = "%{stderr}synap-call %{method} %{http_code} %{url_effective}\\n"',
  ]
  await writeFile(join(folder, '.curlrc'), `${lines.join('\n')}\n`)
}

/**
 * Runs the commands of an example in a shell of its own, in `folder`, where what earlier ones wrote still lies. Variables
 * go in and come out as a reader's shell would keep them.
 */
export async function runExample(
  example: Example,
  { folder, url, variables }: { folder: string; url: string; variables: Variables },
): Promise<ExampleRun> {
  const kept = join(folder, '.variables')
  const script = `set -a\n${example.script}\nenv -0 > "${kept}"`
  const env = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', CURL_HOME: folder, HOME: folder, ...variables }
  const { stdout, stderr } = await run('sh', ['-c', script], { cwd: folder, env, timeout: 120_000 })
  const names = Object.keys(env)
  for (const entry of (await readFile(kept, 'utf8')).split('\0')) {
    const [, name = '', value = ''] = /^([A-Z][A-Z0-9_]*)=([^]*)$/.exec(entry) ?? []
    if (name in variables || (name !== '' && !names.includes(name) && !shellOwn.has(name)))
      variables[name] = value
  }
  const lines = stderr.split('\n').filter((line) => line !== '')
  return {
    output: stdout,
    complaints: lines.filter((line) => !callLine.test(line)).join('\n'),
    calls: lines.flatMap((line) => callOf(line, url)),
  }
}

const shellOwn = new Set(['PWD', 'OLDPWD', 'SHLVL'])

function callOf(line: string, url: string): Call[] {
  const [, method = '', status = '', address = ''] = callLine.exec(line) ?? []
  if (method === '') return []
  const { origin, pathname } = new URL(address)
  // Presigned addresses of an object store are not ours.
  const path = origin === new URL(url).origin ? pathname : address
  return [{ method, path, status: Number(status) }]
}
