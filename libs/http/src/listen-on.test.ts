import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { openConnection } from '../test/raw-request.ts'

const aGet = 'GET /v1/things/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer syn_reader\r\n\r\n'
/** More than Node lets wait by itself. */
const burst = 700

function queueLimit(): number {
  try {
    return Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'))
  } catch {
    return 0
  }
}

describe('a process that takes no connections for a while', () => {
  it.skipIf(queueLimit() <= burst)(
    'given a burst of them, each waits and gets an answer',
    async () => {
      const program = new URL('../test/serve-fixture.ts', import.meta.url).pathname
      const child = spawn(process.execPath, [program, '60000'], { stdio: ['pipe', 'pipe', 'inherit'] })
      try {
        const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
        child.kill('SIGSTOP')
        const connections = Array.from({ length: burst }, () => openConnection(Number(line)))
        const signal = AbortSignal.timeout(20_000)
        await Promise.all(connections.map(({ socket }) => once(socket, 'connect', { signal })))
        for (const { socket } of connections) socket.write(aGet)
        child.kill('SIGCONT')
        const answers = await Promise.all(connections.map((connection) => connection.answers(1)))
        expect(new Set(answers.flat().filter((status) => status !== 200 && status !== 503))).toEqual(
          new Set(),
        )
        for (const { socket } of connections) socket.destroy()
      } finally {
        child.kill('SIGKILL')
      }
    },
    60_000,
  )
})
