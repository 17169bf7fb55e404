/**
 * Ends the process with SIGKILL at a named point, for the tests of what survives a crash.
 *
 * Active only when `SYNAP_CRASHPOINT` is `name` or `name:n` (the n-th hit, 1 by default); otherwise a no-op.
 */
export function crashpoint(name: string): void {
  if (armed === undefined || armed.name !== name) return
  armed.hits += 1
  if (armed.hits === armed.at) process.kill(process.pid, 'SIGKILL')
}

const armed = parseCrashpoint(process.env['SYNAP_CRASHPOINT'])

function parseCrashpoint(text: string | undefined): { name: string; at: number; hits: number } | undefined {
  if (text === undefined || text === '') return undefined
  const [name = '', at = '1'] = text.split(':')
  return { name, at: Number(at), hits: 0 }
}
