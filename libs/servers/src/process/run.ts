import { spawn } from 'node:child_process'

export interface RunOptions {
  cwd?: string
  env?: NodeJS.ProcessEnv
  input?: string
  signal?: AbortSignal | undefined
  /** Each line of standard output and error as it comes. */
  onLine?: (line: string, from: 'stdout' | 'stderr') => void
}

export interface RunResult {
  /** Exit code; 128 + signal number is not used: a signal gives -1. */
  code: number
  stdout: string
  stderr: string
}

/** Runs a program to its end and collects what it says. Rejects only when it cannot be started. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env,
      signal: options.signal,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      let rest = ''
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text
        if (options.onLine === undefined) return
        const lines = (rest + text).split(/\r?\n|\r/)
        rest = lines.pop() ?? ''
        for (const line of lines) options.onLine(line, name)
      })
    }
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? -1, ...output }))
    // A program that ends without reading its input closes the pipe; its exit code tells the story.
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
  })
}

/** As `run`, but a failing exit is an error that holds the last lines of what the program said. */
export async function runChecked(
  what: string,
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await run(command, args, options).catch((error: unknown) => {
    throw new Error(`${what}: ${command} cannot be started`, { cause: error })
  })
  if (result.code === 0) return result.stdout
  const said = `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-15).join('\n')
  throw new Error(`${what} failed (${command} exited with ${result.code}):\n${said}`)
}
