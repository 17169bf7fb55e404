import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type FakeWorld, storesOf } from '../../test/fake-world.ts'
import { randomWorld } from '../../test/random-world.ts'
import { sumStores } from './sum-stores.ts'

it('given any stores, the sums are those of all their users', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const { users } = randomWorld(seed).world
      const sums = await sumStores(storesOf({ users } as FakeWorld))
      const all = (of: (user: (typeof users)[number]) => number) =>
        users.reduce((sum, user) => sum + of(user), 0)
      const oldest = users.flatMap(({ head, logSeen, outbox }) =>
        outbox
          .filter(({ sequence }) => logSeen < head && sequence === logSeen + 1)
          .map(({ createdAt }) => createdAt),
      )
      expect(sums.events).toBe(all(({ head }) => head))
      expect(sums.log).toEqual({
        inFlight: all(({ head, logSeen }) => Math.max(0, head - logSeen)),
        oldestInFlightAt: oldest.length === 0 ? null : Math.min(...oldest),
        ahead: all(({ head, logSeen }) => Math.max(0, logSeen - head)),
        parked: all(({ logSlots }) => logSlots.filter(({ hasBytes }) => hasBytes).length),
        absent: all(({ logSlots }) => logSlots.filter(({ hasBytes }) => !hasBytes).length),
      })
      expect(sums.readModel.inFlight).toBe(all(({ head, readSeen }) => Math.max(0, head - readSeen)))
    }),
    { numRuns: 100 },
  )
})
