import { logPlans } from '@synap/event-log'
import { type Client, type Pool, type Principal, type TransactionOptions, transaction } from '@synap/postgres'

/** The schema of a store; asked in each transaction. */
type FindSchema = (client: Client) => Promise<string>

/** A store that query reads. */
export interface Store {
  findSchema: FindSchema
  /** How the statements of its transactions are planned. */
  plans?: Pick<TransactionOptions, 'genericPlans' | 'settings'>
}

/** The log has one schema, and publishes its positions as a read model does. */
export const logStore: Store = { findSchema: () => Promise.resolve('log'), plans: logPlans }

/** Asks a schema; `decide` makes an answer of what it said. */
type Ask<T> = (client: Client, schema: string) => Promise<{ decide: () => Promise<T> }>

/** Finds the schema of a store in each transaction, without a round trip of its own while it stays the same. */
export interface PlaceReader {
  /**
   * Runs `ask` in a snapshot, then `decide` of what it answered. `ask` is sent along with the question for the schema, with
   * the one that was found last: when it was another, what was asked is thrown away and asked again.
   */
  read<T>(principal: Principal, options: PlaceOptions, ask: Ask<T>): Promise<T>
}

/** How one read differs from others of its store. */
export interface PlaceOptions extends Pick<TransactionOptions, 'genericPlans'> {
  /** `ask` asks before it waits for any of it, and `decide` asks nothing. */
  asksAtOnce?: boolean
  signal?: AbortSignal | undefined
}

export function createPlace(pool: Pool, { findSchema, plans = {} }: Store): PlaceReader {
  let last: string | undefined
  return {
    async read<T>(
      principal: Principal,
      { signal, genericPlans = false, asksAtOnce = false }: PlaceOptions,
      ask: Ask<T>,
    ) {
      const run = <V>(work: (client: Client) => Promise<V>, atOnce: boolean) =>
        transaction(pool, principal, work, {
          isolation: 'repeatable read',
          readOnly: true,
          ...plans,
          ...(genericPlans ? { genericPlans } : {}),
          asksAtOnce: atOnce,
          ...(signal === undefined ? {} : { signal }),
        })
      const readFound = () =>
        run(async (client) => {
          last = await findSchema(client)
          return (await ask(client, last)).decide()
        }, false)
      const guess = last
      if (guess === undefined) return readFound()
      let read: { value: T } | undefined
      try {
        read = await run(async (client) => {
          const [found, asked] = await Promise.allSettled([findSchema(client), ask(client, guess)])
          if (found.status === 'rejected') throw found.reason
          last = found.value
          if (asked.status === 'rejected') throw asked.reason
          if (last === guess) return { value: await asked.value.decide() }
          return asksAtOnce ? undefined : { value: await (await ask(client, last)).decide() }
        }, asksAtOnce)
      } catch (error) {
        // A schema that is gone takes its transaction with it.
        if (last === guess) throw error
      }
      return read === undefined ? readFound() : read.value
    },
  }
}
