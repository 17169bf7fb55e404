import type { Attachment, FileReference } from '@synap/contracts'
import type { AggregateId, EntityId, UserId } from '@synap/core'
import type { EntityState, RelationState, UserState } from '@synap/domain'
import {
  type EventLog,
  findEvents,
  findSchemas,
  type LoggedEvent,
  replay,
  toKnownEvent,
} from '@synap/event-log'

/** An object that an event put in its place. */
export interface UserFile {
  entityId: EntityId
  kind: 'content' | 'attachment'
  name: string | null
  file: FileReference | Attachment
  /** Its item was deleted for good, and the file with it. */
  isPurged: boolean
}

export interface ReadUserData {
  /** The state of the user aggregate. */
  user(): Promise<UserState | null>
  /** In the order of the sequence, each with the text of its schema. */
  events(): AsyncGenerator<{ event: LoggedEvent; schema: string }[], void>
  entities(): AsyncGenerator<EntityState[], void>
  relations(): AsyncGenerator<RelationState[], void>
  /** Each object once, earlier versions too. */
  files(): AsyncGenerator<UserFile, void>
}

export interface ReadOptions {
  log: EventLog
  userId: UserId
  /** What comes behind it is as if it were not there. */
  sequence: number
  /** Aggregates that cannot be folded, with why; those found on the way are added. */
  incomplete: Map<string, string>
  signal: AbortSignal
}

const statesPerPage = 50
/** Events that put an object in its place. */
export const fileEvents = ['entity.file_uploaded', 'entity.attachment_added']

/** All that the log has of a user up to a sequence, page by page; holds no connection between pages. */
export function readUserData(options: ReadOptions): ReadUserData {
  const { log, userId, sequence, incomplete, signal } = options
  const schemas = new Map<number, string>()
  return {
    async user() {
      const folded = await log.ask(
        userId,
        (client) => replay(client, userId, { upToSequence: sequence }),
        signal,
      )
      if (folded.outcome === 'missing' || incomplete.has(userId)) return null
      if (folded.outcome === 'state') return folded.state as UserState
      incomplete.set(userId, folded.outcome)
      return null
    },
    async *events() {
      for await (const page of log.walk(userId, {}, { signal })) {
        const events = page.filter((event) => event.sequence <= sequence)
        const lacking = [...new Set(events.map(({ schemaNo }) => schemaNo))].filter((no) => !schemas.has(no))
        if (lacking.length > 0) {
          const found = await log.ask(userId, (client) => findSchemas(client, lacking), signal)
          for (const [no, text] of found) schemas.set(no, text)
        }
        yield events.map((event) => {
          const schema = schemas.get(event.schemaNo) ?? ''
          if (toKnownEvent(event, schema) === undefined) incomplete.set(event.aggregateId, 'unknown')
          return { event, schema }
        })
        if (events.length < page.length) return
      }
    },
    entities: () => states<EntityState>(options, 'entity.created'),
    relations: () => states<RelationState>(options, 'relation.created'),
    async *files() {
      for await (const page of states<EntityState>(options, 'entity.created')) {
        for (const entity of page) yield* filesOf(options, entity, schemas)
      }
    },
  }
}

/** The states of all aggregates that begin with an event of `type`. */
async function* states<State>(
  { log, userId, sequence, incomplete, signal }: ReadOptions,
  type: string,
): AsyncGenerator<State[], void> {
  for (let above = 0; ; ) {
    const from = above
    const { made, folded } = await log.ask(
      userId,
      async (client) => {
        const page = { order: 'oldest', above: from, below: sequence + 1, limit: statesPerPage } as const
        const made = await findEvents(client, { types: [type] }, page)
        const folded: State[] = []
        for (const { aggregateId, version } of made) {
          // A relation can be made again; it is told once.
          if (version !== 1 || incomplete.has(aggregateId)) continue
          const replayed = await replay(client, aggregateId, { upToSequence: sequence })
          if (replayed.outcome === 'state') folded.push(replayed.state as State)
          else incomplete.set(aggregateId, replayed.outcome)
        }
        return { made, folded }
      },
      signal,
    )
    if (folded.length > 0) yield folded
    if (made.length < statesPerPage) return
    above = made.at(-1)?.sequence ?? sequence
  }
}

async function* filesOf(
  { log, userId, sequence, signal }: ReadOptions,
  entity: EntityState,
  schemas: ReadonlyMap<number, string>,
): AsyncGenerator<UserFile, void> {
  const filter = { aggregateId: entity.id as AggregateId, types: fileEvents }
  const seen = new Set<string>()
  for (let above = 0; ; ) {
    const page = { order: 'oldest', above, below: sequence + 1, limit: 200 } as const
    const events = await log.ask(userId, (client) => findEvents(client, filter, page), signal)
    for (const event of events) {
      const known = toKnownEvent(event, schemas.get(event.schemaNo) ?? '')
      const isContent = known?.type === 'entity.file_uploaded'
      if (!isContent && known?.type !== 'entity.attachment_added') continue
      const file = isContent ? known.delta.file : known.delta.attachment
      if (seen.has(file.key)) continue
      seen.add(file.key)
      const kind = isContent ? ('content' as const) : ('attachment' as const)
      const name = isContent ? null : known.delta.attachment.name
      yield { entityId: entity.id, kind, name, file, isPurged: entity.purged }
    }
    if (events.length < page.limit) return
    above = events.at(-1)?.sequence ?? sequence
  }
}
