import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SocketFolder {
  /** What the driver takes as its host. */
  folder: string
  /** The socket's own path, named as libpq names it. */
  path: string
  remove(): Promise<void>
}

/** What `sockaddr_un` holds on macOS, with the closing zero; Linux has four bytes more. */
const longest = 103
const name = '.s.PGSQL.5432'

/** Within the data folder, which only its owner may enter; elsewhere when that path is too long for a socket. */
export async function makeSocketFolder(dataDir: string): Promise<SocketFolder> {
  const near = join(dataDir, 'run')
  const folder =
    Buffer.byteLength(join(near, name)) <= longest ? near : await mkdtemp(join(tmpdir(), 'synap-'))
  return {
    folder,
    path: join(folder, name),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
