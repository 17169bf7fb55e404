import type pg from 'pg'
import { isUnhurried } from './pipeline.ts'

/** The parts of the driver (pg 8.23) that this stands on; not in its types. */
interface Connection extends NodeJS.EventEmitter {
  stream: { cork(): void; uncork(): void }
  submittedNamedStatements: Record<string, string>
  sync(): void
  query(text: string): void
}

interface Sent {
  name?: string
  handleError(error: unknown, connection: Connection): void
}

interface Driver {
  connection: Connection
  _sentQueryQueue: Sent[]
  getTransactionStatus(): string | null
}

/**
 * The driver ends each statement with a Sync, at which the server sends what it has answered so far: a system call, a wake-up
 * and a turn of this process for each statement of a pipeline. Here the statements that are asked for in one turn of the event
 * loop go in one message with one Sync at its end, and are answered in one; what is sent `unhurriedly` goes with them. What the
 * driver is not told between two of them, that it may go on to the next, it is told here.
 *
 * After one that fails the server passes over the rest of the message: they fail with the same error.
 */
export function shareSyncs(client: pg.ClientBase): void {
  const driver = client as unknown as Driver
  const { connection } = driver
  for (const name of ['sync', 'query'] as const)
    if (typeof connection[name] !== 'function') throw new TypeError('pg has another connection than 8.23')
  const sendSync = connection.sync.bind(connection)
  const sendQuery = connection.query.bind(connection)
  /** Of each statement that was sent and not answered yet: whether the server says that it is ready behind it. */
  const endings: { synced: boolean }[] = []
  let open: { synced: boolean } | undefined
  let isClosing = false

  const close = () => {
    isClosing = false
    if (open === undefined) return
    open.synced = true
    open = undefined
    sendSync()
    connection.stream.uncork()
  }
  connection.sync = () => {
    const isUrgent = !isUnhurried(client)
    if (open === undefined) {
      connection.stream.cork()
      if (!isUrgent) setImmediate(close)
    }
    if (isUrgent && !isClosing) {
      isClosing = true
      process.nextTick(close)
    }
    open = { synced: false }
    endings.push(open)
  }
  connection.query = (text) => {
    close()
    endings.push({ synced: true })
    sendQuery(text)
  }

  const goOn = (status: string | null) => {
    endings.shift()
    connection.emit('readyForQuery', { name: 'readyForQuery', status, shared: true })
  }
  const onComplete = (message: { text?: string }) => {
    if (endings[0]?.synced === false) goOn(statusAfter(message.text, driver.getTransactionStatus()))
  }
  connection.on('commandComplete', onComplete)
  connection.on('emptyQuery', onComplete)
  connection.on('readyForQuery', (message: { shared?: boolean }) => {
    if (message.shared !== true) endings.shift()
  })
  connection.on('errorMessage', (error: unknown) => {
    // The one that failed has been told by the driver.
    while (endings[0]?.synced === false) {
      endings.shift()
      const passedOver = driver._sentQueryQueue.shift()
      if (passedOver?.name !== undefined) delete connection.submittedNamedStatements[passedOver.name]
      passedOver?.handleError(error, connection)
    }
  })
}

function statusAfter(command: string | undefined, before: string | null): string | null {
  if (command === 'BEGIN') return 'T'
  return command === 'COMMIT' || command === 'ROLLBACK' ? 'I' : before
}
