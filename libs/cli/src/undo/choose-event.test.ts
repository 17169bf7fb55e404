import type { EventId } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { lastUndoable } from './choose-event.ts'

const idOf = (version: number) => `e${version}` as EventId

/** Events from the oldest to the newest: a type, and for an undo the version of what it undid. */
function lived(...events: (readonly [type: string, undid?: number])[]) {
  return events
    .map(([type, undid], index) => ({
      id: idOf(index + 1),
      type,
      version: index + 1,
      causationId: undid === undefined ? null : idOf(undid),
      actor: { kind: type.startsWith('ai.') ? 'ai' : 'user' },
      // What the capture said came in one request.
      correlationId: type === 'entity.created' || type === 'captured.with' ? 'capture' : `request ${index}`,
    }))
    .reverse()
}
const chosen = (...events: Parameters<typeof lived>) => lastUndoable(lived(...events))?.version

const created = ['entity.created'] as const
const retitled = ['entity.title_changed'] as const
const tagged = ['entity.tag_added'] as const

describe('the last change that can be undone', () => {
  it('given changes, it is the newest', () => {
    expect(chosen(created, retitled, tagged)).toBe(3)
  })

  it('given an undo, it goes one step further', () => {
    expect(chosen(created, retitled, tagged, ['entity.tag_removed', 3])).toBe(2)
    expect(chosen(created, retitled, tagged, ['entity.tag_removed', 3], ['entity.title_changed', 2])).toBe(
      undefined,
    )
  })

  it('given an undo of an undo, what it brought back can be undone', () => {
    const redone = [created, tagged, ['entity.tag_removed', 2], ['entity.tag_added', 3]] as const
    expect(chosen(...redone)).toBe(4)
    expect(chosen(...redone, ['entity.tag_removed', 4])).toBe(undefined)
  })

  it('given several events that one undo made, what they undid is passed over', () => {
    const enriched = ['ai.enrichment_applied'] as const
    expect(chosen(created, tagged, enriched, ['entity.title_changed', 3], ['entity.tag_removed', 3])).toBe(2)
  })

  it('given what AI did, it is taken back only where no change of a person is left', () => {
    const enriched = ['ai.enrichment_applied'] as const
    expect(chosen(created, retitled, enriched)).toBe(2)
    expect(chosen(created, retitled, enriched, ['entity.title_changed', 2])).toBe(3)
  })

  it('given what nothing takes back, it is passed over', () => {
    expect(chosen(created, retitled, ['entity.suggestion_rejected'])).toBe(2)
    expect(lastUndoable(lived(['tag.renamed'], ['tag.merged']))?.version).toBe(1)
  })

  it('given the capture alone, with what was said in it, there is none', () => {
    expect(chosen(created, ['captured.with'])).toBe(undefined)
    expect(chosen(created, ['captured.with'], retitled)).toBe(3)
  })

  it('given a cause that is no event of this aggregate, as that of an enrichment, it is a change', () => {
    const [newest, ...before] = lived(created, ['ai.enrichment_applied'])
    const enrichment = { ...newest, causationId: 'elsewhere' as EventId }
    expect(lastUndoable([enrichment, ...before] as ReturnType<typeof lived>)?.version).toBe(2)
  })
})
