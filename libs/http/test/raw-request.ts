import { type AddressInfo, connect, type Socket } from 'node:net'
import { type App, listenOn } from '../src/index.ts'

/** A connection on which a test says what no client library would. */
export interface RawConnection {
  socket: Socket
  /** Everything that came so far. */
  received(): string
  /** Resolves with the statuses of the answers when so many have come. */
  answers(count: number): Promise<number[]>
  /** Resolves with everything that came when the server has ended the connection. */
  ended: Promise<string>
}

export async function listen(app: App): Promise<number> {
  await listenOn(app, { host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

export function openConnection(port: number): RawConnection {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const ended = new Promise<string>((resolve, reject) => {
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
  ended.catch(() => undefined)
  const answers = (count: number) =>
    new Promise<number[]>((resolve, reject) => {
      const look = () => {
        const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map((match) => Number(match[1]))
        if (statuses.length >= count) resolve(statuses)
      }
      socket.on('data', look)
      socket.on('close', () => reject(new Error(`the connection ended after:\n${text}`)))
      look()
    })
  return { socket, received: () => text, answers, ended }
}
