import { SynapError, type UserId, uuidv7 } from '@synap/core'
import type { Pool } from '@synap/postgres'
import { describe, expect, it } from 'vitest'
import type { EventLog } from './event-log.ts'
import { createSubscriptions, type Delivery } from './subscriptions.ts'

const userId = uuidv7() as UserId
const noPool = {} as Pool

/** A log whose n-th read ends as the n-th of these. */
function logOf(...reads: (Delivery | Error)[]): EventLog {
  return {
    ask: () => {
      const read = reads.shift()
      return read instanceof Error ? Promise.reject(read) : Promise.resolve(read as never)
    },
    walk: () => {
      throw new Error('not walked')
    },
    users: () => {
      throw new Error('not asked')
    },
  }
}
const failure = (kind: 'dependency' | 'configuration') =>
  new SynapError('the database is away', { code: 'postgres.unavailable', class: kind })
const follow = (log: EventLog, signal = new AbortController().signal) =>
  createSubscriptions({ pool: noPool, role: 'synap_query', log }).follow(userId, 4, signal)

describe('a subscription', () => {
  it('given a database that is away for a while, it shows that it lives, and goes on where it was', async () => {
    const delivery = { events: [{ sequence: 5 }], upTo: 5 } as unknown as Delivery
    const following = follow(logOf(failure('dependency'), delivery))
    expect((await following.next()).value).toEqual({ events: [], upTo: 4 })
    expect((await following.next()).value).toEqual(delivery)
    await following.return(undefined)
  })

  it('given an error that time does not heal, it is thrown', async () => {
    await expect(follow(logOf(failure('configuration'))).next()).rejects.toMatchObject({
      class: 'configuration',
    })
  })

  it('given the end of its signal while it waits to try again, it ends', async () => {
    const ends = new AbortController()
    const following = follow(logOf(failure('dependency')), ends.signal)
    await following.next()
    const next = following.next()
    ends.abort()
    expect((await next).done).toBe(true)
  })
})
