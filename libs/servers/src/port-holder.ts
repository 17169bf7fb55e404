import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename } from 'node:path'

/** True when a server can listen on this port of 127.0.0.1 now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** Who listens on a TCP port, as `node (process 4711)`; undefined where /proc does not tell. */
export function portHolder(port: number): string | undefined {
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => listeningInodes(file, port))
  if (inodes.length === 0) return undefined
  const sockets = new Set(inodes.map((inode) => `socket:[${inode}]`))
  for (const entry of read(() => readdirSync('/proc'), [])) {
    if (!/^\d+$/.test(entry)) continue
    const descriptors = read(() => readdirSync(`/proc/${entry}/fd`), [])
    if (!descriptors.some((fd) => sockets.has(read(() => readlinkSync(`/proc/${entry}/fd/${fd}`), ''))))
      continue
    return `${basename(read(() => readlinkSync(`/proc/${entry}/exe`), 'a program'))} (process ${entry})`
  }
  return undefined
}

/** proc(5), net/tcp: local address `hex ip:hex port`, state 0A = listening, inode in the tenth column. */
function listeningInodes(file: string, port: number): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  const lines = read(() => readFileSync(file, 'utf8'), '')
    .split('\n')
    .slice(1)
  return lines.flatMap((line) => {
    const columns = line.trim().split(/\s+/)
    return columns[1]?.endsWith(`:${hexPort}`) && columns[3] === '0A' ? [columns[9] ?? ''] : []
  })
}

function read<T>(look: () => T, otherwise: T): T {
  try {
    return look()
  } catch {
    return otherwise
  }
}
