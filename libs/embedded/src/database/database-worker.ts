import { chmod, mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { btree_gin } from '@electric-sql/pglite/contrib/btree_gin'
import { vector } from '@electric-sql/pglite-pgvector'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { isFatal } from './fatal.ts'
import { extensionNames, type FromWorker, loginUser, type WorkerInput } from './worker-protocol.ts'

const { dataDir, socketPath } = workerData as WorkerInput
const tell = (message: FromWorker) => parentPort?.postMessage(message, [])

/**
 * The login user of a server: it may make roles and owns the database, but is no superuser, so that a statement which
 * forgot to say as whom it runs fails here as it fails there.
 */
async function prepareLogin(db: PGlite): Promise<void> {
  const { rows } = await db.query<{ exists: boolean }>(
    'select exists (select from pg_roles where rolname = $1::name) as exists',
    [loginUser],
  )
  if (rows[0]?.exists !== true) {
    await db.exec(
      `create role ${loginUser} login createrole noinherit; alter database postgres owner to ${loginUser}`,
    )
  }
  // For the upkeep, which a server does by itself.
  await db.exec(`grant pg_checkpoint, pg_maintain to ${loginUser} with inherit true`)
  for (const name of extensionNames) await db.exec(`create extension if not exists ${name}`)
}

/**
 * A statement that the server refuses is an answer. After FATAL a server ends the session, and this one has no other:
 * PGlite would say the same again for ever, without giving the thread back. A call that throws is as final: the socket
 * server would let every client wait. Both end the thread, so that the process notices.
 */
function endWhenBroken(db: PGlite): void {
  const run = db.execProtocolRawStream.bind(db)
  db.execProtocolRawStream = async (message, options) => {
    const onRawData = (data: Uint8Array) => {
      options?.onRawData(data)
      if (isFatal(data)) process.exit(1)
    }
    try {
      return await run(message, { ...options, onRawData })
    } catch (error) {
      setImmediate(() => {
        throw error
      })
      throw error
    }
  }
}

// One session on one machine: a quarter of Postgres' default is plenty beside the system's own cache.
const startParams = [...PGlite.defaultStartParams, '-c', 'shared_buffers=32MB', '-c', 'max_wal_size=128MB']
const db = await PGlite.create({ dataDir, extensions: { vector, btree_gin }, startParams })
await prepareLogin(db)
endWhenBroken(db)

await mkdir(dirname(socketPath), { recursive: true, mode: 0o700 })
await chmod(dirname(socketPath), 0o700)
await rm(socketPath, { force: true })
// One connection at a time is used; a second may come while the server has not noticed yet that the first is gone.
const server = new PGLiteSocketServer({ db, path: socketPath, maxConnections: 4 })
await server.start()

async function close(): Promise<void> {
  await server.stop()
  await db.close()
  tell('closed')
}

parentPort?.once('message', () => void close())
tell('ready')
