import { describeError, SynapError, wait } from '@synap/core'
import type { Consumer } from '@synap/messaging'
import { transaction } from '@synap/postgres'
import { projectorRole, readModelOf } from './config.ts'
import { type Consumers, type ConsumersOptions, createConsumers } from './consumers.ts'
import { dropLeaving, findReadModels, markExpired } from './sql/read-models.ts'

/** Between two looks at which read models there are. */
const everyMs = 2_000
/** Looks after which a read model that failed is begun again. */
const restLooks = 30
/** Every process has stopped following a read model by then. */
const leavingMs = 15_000

export interface Follower {
  /** A consumer of the active read model; undefined while it is not followed here. */
  consumer: (name: 'events' | 'derived') => Consumer | undefined
  /** Stops following, the newest first. */
  close: () => Promise<void>
}

export interface FollowerOptions extends Omit<ConsumersOptions, 'readModel'> {
  /** Told of a crash of the active read model: it ends the process. */
  fail: (error: unknown) => void
}

interface Followed {
  consumers: Consumers
  stop: () => Promise<void>
}

/**
 * Keeps every read model level that says it wants to be followed: the active one, one that a rebuild has made, and the
 * last one for as long as it is the way back. Each has consumers of its own, so that what fails in one stops no other.
 */
export async function followReadModels(options: FollowerOptions): Promise<Follower> {
  const { pool, logger } = options
  const followed = new Map<number, Followed>()
  const resting = new Map<number, number>()
  const stop = new AbortController()
  let active = 0

  const start = async (n: number) => {
    const consumers = createConsumers({ ...options, readModel: readModelOf(n) })
    let upkeep: ReturnType<Consumers['startUpkeep']> | undefined
    const end = async () => {
      followed.delete(n)
      await upkeep?.stop()
      await consumers.close()
    }
    followed.set(n, { consumers, stop: end })
    await consumers.start((error) => {
      if (n === active) return options.fail(error)
      // What breaks one that nobody reads must not take the one that is read along.
      logger.error({ readModel: n, error: describeError(error) }, 'a read model cannot be followed')
      resting.set(n, restLooks)
      void end()
    })
    upkeep = consumers.startUpkeep()
    if (n !== active) logger.info({ readModel: n }, 'following another read model')
  }

  const look = async () => {
    const rows = await transaction(pool, { role: projectorRole }, findReadModels, { readOnly: true })
    active = rows.find((row) => row.active)?.n ?? 0
    const wanted = rows.filter(({ state }) => state === 'followed').map(({ n }) => n)
    for (const [n, one] of followed) if (!wanted.includes(n)) await one.stop()
    for (const n of wanted) {
      const rest = resting.get(n) ?? 0
      if (rest > 0) resting.set(n, rest - 1)
      else if (!followed.has(n)) await start(n)
    }
    if (rows.some(({ state, keepUntil }) => state === 'leaving' || (keepUntil ?? Infinity) < Date.now()))
      await retire(options)
  }

  await look()
  if (!followed.has(active)) throw notFollowed()
  const looking = (async () => {
    for (;;) {
      await wait(everyMs, stop.signal).catch(() => undefined)
      if (stop.signal.aborted) return
      await look().catch((error: unknown) =>
        logger.warn({ error: describeError(error) }, 'the read models could not be looked at'),
      )
    }
  })()
  return {
    consumer: (name) => followed.get(active)?.consumers[name],
    async close() {
      stop.abort()
      await looking
      for (const one of [...followed.values()].reverse()) await one.stop()
    },
  }
}

async function retire({ pool, logger }: Pick<FollowerOptions, 'pool' | 'logger'>): Promise<void> {
  const gone = await transaction(pool, { role: projectorRole }, async (client) => {
    await markExpired(client)
    return dropLeaving(client, leavingMs)
  })
  for (const n of gone) logger.info({ readModel: n }, 'a read model that nobody uses is gone')
}

function notFollowed(): SynapError {
  return new SynapError('the active read model is not one that is followed', {
    code: 'read_model.not_followed',
    class: 'configuration',
  })
}
