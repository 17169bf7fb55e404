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

/** Finds the schema of a store in each transaction, without a round trip of its own while it stays the same. */
export interface PlaceReader {
  /**
   * Runs `ask` in a snapshot, then `decide` of what it answered. `ask` is sent along with the question for the schema, with
   * the one that was found last: when it was another, what was asked is thrown away and asked again.
   */
  read<T>(
    principal: Principal,
    options: PlaceOptions,
    ask: (client: Client, schema: string) => Promise<{ decide: () => Promise<T> }>,
  ): Promise<T>
}

/** How one read differs from others of its store. */
export interface PlaceOptions extends Pick<TransactionOptions, 'genericPlans'> {
  signal?: AbortSignal | undefined
}

export function createPlace(pool: Pool, { findSchema, plans = {} }: Store): PlaceReader {
  let last: string | undefined
  return {
    async read(principal, { signal, genericPlans = false }, ask) {
      const once = (guess: string | undefined) =>
        transaction(
          pool,
          principal,
          async (client) => {
            if (guess === undefined) {
              last = await findSchema(client)
              return (await ask(client, last)).decide()
            }
            const [found, asked] = await Promise.allSettled([findSchema(client), ask(client, guess)])
            if (found.status === 'rejected') throw found.reason
            last = found.value
            if (asked.status === 'rejected') throw asked.reason
            return (last === guess ? asked.value : await ask(client, last)).decide()
          },
          {
            isolation: 'repeatable read',
            readOnly: true,
            ...plans,
            ...(genericPlans ? { genericPlans } : {}),
            ...(signal === undefined ? {} : { signal }),
          },
        )
      const guess = last
      try {
        return await once(guess)
      } catch (error) {
        // A schema that is gone takes its transaction with it.
        if (guess === undefined || last === guess) throw error
        return await once(undefined)
      }
    },
  }
}
