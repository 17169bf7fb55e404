import type { SynapError } from '@synap/core'
import { type InboundMessage, silentLogger } from '@synap/messaging'
import { describe, expect, it } from 'vitest'
import { createAssignment } from './assignment.ts'
import { createWatchdog } from './watchdog.ts'

const never = new AbortController().signal
const record = (offset: bigint): InboundMessage => ({
  topic: 't',
  partition: 0,
  offset,
  key: null,
  value: null,
  headers: {},
  timestamp: 0,
})

describe('the watchdog of silent partitions', () => {
  /** One partition at offset 5, whose topic ends at `high` and holds `next` as the first record from there on. */
  const watched = (high: bigint, next: InboundMessage | undefined) => {
    const assignment = createAssignment()
    const [partition] = assignment.replace([{ topic: 't', partition: 0 }])
    if (partition === undefined) throw new TypeError('no partition')
    Object.assign(partition, { state: 'running', position: 5n })
    const found: SynapError[] = []
    const look = createWatchdog({
      partitions: () => assignment.all(),
      watermarks: async () => new Map([[0, { low: 0n, high }]]),
      records: { firstFrom: async () => next, close: () => undefined },
      stuckAfterMs: 0,
      logger: silentLogger,
      fatal: (error) => found.push(error),
    })
    return { partition, found, look: () => look(never) }
  }

  it('given lag, a record and no move between two looks, it reports a bug that names the place', async () => {
    const { look, found } = watched(8n, record(5n))
    await look()
    expect(found).toEqual([])
    await look()
    expect(found[0]).toMatchObject({ code: 'consumer.stuck', class: 'bug', fields: { position: 5, high: 8 } })
  })

  it('given lag only on paper, since the rest was compacted away, all is well', async () => {
    const { look, found } = watched(8n, undefined)
    await look()
    await look()
    expect(found).toEqual([])
  })

  it.each([
    ['no lag', { position: 8n }],
    ['a paused partition', { state: 'paused' }],
    ['a partition not placed yet', { state: 'starting' }],
    ['a running handler', { handling: Promise.resolve() }],
  ])('given %s, all is well', async (_what, change) => {
    const { partition, look, found } = watched(8n, record(5n))
    Object.assign(partition, change)
    await look()
    await look()
    expect(found).toEqual([])
  })

  it('given a position that moves between looks, its time begins anew', async () => {
    const { partition, look, found } = watched(8n, record(6n))
    await look()
    partition.position = 6n
    await look()
    expect(found).toEqual([])
  })
})
