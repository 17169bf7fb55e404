import { readFileSync } from 'node:fs'
import { eventTypes } from '@synap/contracts'
import { describe, expect, it } from 'vitest'
import { refusalCodes, whyNotUndoable } from './index.ts'

const page = readFileSync(new URL('../../../docs/reference/commands.md', import.meta.url), 'utf8')

describe('the page of commands', () => {
  it('given any code of a refusal, it says when, and it names no other', () => {
    const rows = [...page.matchAll(/^\| `([a-z]+\.[a-z_]+)` /gm)].map(([, code]) => code)
    expect(new Set(rows)).toEqual(new Set(refusalCodes))
  })

  it('given the events that cannot be undone, it names exactly those as such', () => {
    const never = page.slice(page.indexOf('- Never undone:'))
    const named = [...never.matchAll(/`([a-z]+\.[a-z_]+)`/g)].map(([, type]) => type)
    const wanted = eventTypes.filter((type) => whyNotUndoable(type) !== undefined)
    expect(new Set(named)).toEqual(new Set(wanted))
  })
})
