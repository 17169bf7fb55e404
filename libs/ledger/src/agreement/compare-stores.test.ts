import type { Agreement, LedgerFinding } from '@synap/contracts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FakeWorld, storesOf, topicOf } from '../../test/fake-world.ts'
import { faults, randomWorld } from '../../test/random-world.ts'
import { type CompareOptions, compareStores } from './compare-stores.ts'

async function compare(world: FakeWorld, options: Partial<CompareOptions> = {}) {
  const findings: LedgerFinding[] = []
  let agreement: Agreement | undefined
  const lines = compareStores({
    stores: storesOf(world),
    topic: topicOf(world),
    user: null,
    limit: 1_000_000,
    ...options,
  })
  for await (const line of lines) {
    if ('finding' in line) findings.push(line.finding)
    if ('agreement' in line) agreement = line.agreement
  }
  if (agreement === undefined) throw new Error('it came to nothing')
  return { findings, agreement }
}

const textOf = ({ kind, store, userId, sequence }: LedgerFinding) => `${kind} ${store} ${userId} ${sequence}`
const sorted = (texts: Iterable<string>) => [...texts].sort()

describe('the comparison of all stores', { timeout: 120_000 }, () => {
  it('given any losses, doubles, forks and events on their way, it finds exactly these', async () => {
    const done = new Set<string>()
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const made = randomWorld(seed)
        for (const name of made.done) done.add(name)
        const { findings, agreement } = await compare(made.world)
        expect(sorted(findings.map(textOf))).toEqual(sorted(made.expected))
        const bad = sorted(made.expected).filter((text) => !/^(in_flight|repeated|discarded)/.test(text))
        expect(agreement.agrees).toBe(bad.length === 0)
      }),
      { numRuns: 250 },
    )
    expect(sorted(done)).toEqual(sorted(Object.keys(faults)))
  })

  it('given room for few events of the topic, it reads it in passes and finds the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const { world, expected } = randomWorld(seed)
        const { findings, agreement } = await compare(world, { maxTopicBytes: 1_500 })
        expect(sorted(findings.map(textOf))).toEqual(sorted(expected))
        const whole = await compare(world)
        expect(agreement.held).toEqual({
          ...whole.agreement.held,
          topic: { ...whole.agreement.held.topic, passes: agreement.held.topic?.passes },
        })
        const withRecords = world.users.filter(({ topic }) => topic.length > 0).length
        if (withRecords > 3) expect(agreement.held.topic?.passes).toBeGreaterThan(1)
      }),
      { numRuns: 60 },
    )
  })

  it('given one user, it finds what is theirs and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const { world, expected } = randomWorld(seed)
        const { userId: user, head } = world.users[0] ?? { userId: null, head: 0 }
        const { findings, agreement } = await compare(world, { user })
        expect(sorted(findings.map(textOf))).toEqual(
          sorted(expected).filter((text) => text.includes(user ?? '')),
        )
        expect(agreement).toMatchObject({ userId: user, events: head })
      }),
      { numRuns: 60 },
    )
  })

  it('given the topic left out, nothing is said of it', async () => {
    const { world, expected } = randomWorld(7)
    const { findings, agreement } = await compare(world, { topic: null })
    expect(sorted(findings.map(textOf))).toEqual(
      sorted(expected).filter((text) => !text.split(' ')[1]?.includes('topic')),
    )
    expect(agreement.held.topic).toBeNull()
  })
})
