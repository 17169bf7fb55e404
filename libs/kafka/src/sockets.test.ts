import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import net from 'node:net'
import { Kafka, logLevel } from 'kafkajs'
import { expect, it } from 'vitest'
import { createSockets } from './sockets.ts'

async function answerWith(bytes: Buffer): Promise<net.Server> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.write(bytes))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

it('given another program on the port of the broker, when it answers, then the request fails and the process lives', async () => {
  const tooShortForAnAnswer = Buffer.from([0, 0, 0, 2, 0, 0])
  const server = await answerWith(tooShortForAnAnswer)
  const { port } = server.address() as AddressInfo
  const sockets = createSockets()
  const kafka = new Kafka({
    brokers: [`127.0.0.1:${port}`],
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
    socketFactory: sockets.factory,
  })
  const admin = kafka.admin()
  try {
    await expect(admin.connect()).rejects.toThrow('does not speak the Kafka protocol')
  } finally {
    sockets.destroy()
    server.close()
  }
})
