import type { EventId } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { type CausedEvent, inForce } from './in-force.ts'

const idOf = (version: number) => `e${version}` as EventId

/** Events by what they did, and for an undo the version of what it undid. */
const lived = (...events: (readonly [type: string, undid?: number])[]) =>
  events.map(([type, undid], index) => ({
    id: idOf(index + 1),
    type,
    version: index + 1,
    causationId: undid === undefined ? null : idOf(undid),
    delta: { timeZone: 'a', oldTimeZone: 'b', language: 'c', oldLanguage: 'c' },
  })) as unknown as CausedEvent[]
const left = (...events: Parameters<typeof lived>) =>
  inForce(lived(...events), undefined).map(({ version }) => version)

const title = 'entity.title_changed'
const type = 'entity.type_changed'

describe('what is still in force', () => {
  it('given an undo, neither it nor what it undid is', () => {
    expect(left([title], [type], [title, 1])).toEqual([2])
  })

  it('given an undo that was undone, the change is; undone again, it is not', () => {
    expect(left([title], [title, 1], [title, 2])).toEqual([1])
    expect(left([title], [title, 1], [title, 2], [title, 1])).toEqual([])
    expect(left([title], [title, 1], [title, 2], [title, 3])).toEqual([])
  })

  it('given an undo of a part only, as what AI did can be undone, or by a version of tomorrow, all of it is', () => {
    expect(left([title], [type, 1])).toEqual([1, 2])
    expect(left(['ai.enrichment_applied'], ['entity.suggestion_rejected', 1])).toEqual([1, 2])
  })

  it('given an undo of something before them, it is', () => {
    expect(inForce(lived([title], [title, 1]).slice(1), undefined).map(({ version }) => version)).toEqual([2])
  })
})
