import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { eventually } from '@synap/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { registerSchema } from './register-schema.ts'

const schema = '{"type":"record","name":"Thing","namespace":"synap.test","fields":[]}'

describe('registering at a registry that falls silent', () => {
  let server: Server | undefined
  afterEach(() => {
    server?.closeAllConnections()
    server?.close()
  })

  it('given no answer, it is tried three times, and no connection is left that would keep the process alive', async () => {
    const open = new Set<object>()
    let tries = 0
    const listening = createServer((request, response) => {
      if (request.method === 'PUT') {
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end('{"compatibility":"FULL_TRANSITIVE"}')
        return
      }
      tries += 1
      open.add(request.socket)
      request.socket.once('close', () => open.delete(request.socket))
    })
    server = listening
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
    const { port } = listening.address() as AddressInfo
    await expect(
      registerSchema(`http://127.0.0.1:${port}/apis/ccompat/v7`, 'a-subject', schema, 100),
    ).rejects.toMatchObject({ code: 'deadline.exceeded', class: 'dependency' })
    expect(tries).toBe(3)
    await eventually('every connection is closed', () => open.size === 0)
  })
})
