import { readFileSync } from 'node:fs'
import { inboxDdl, parkedDdl } from '@synap/inbox'
import { describe, expect, it } from 'vitest'
import { readModelOf } from './config.ts'

describe('the migrations of the projector', () => {
  it('given the tables of the inbox, the migration makes them to the letter', () => {
    const file = new URL('../migrations/0001_inbox.sql', import.meta.url)
    expect(readFileSync(file, 'utf8')).toBe(inboxDdl(readModelOf(1).schema))
  })

  it('given groups of what is parked, the migration makes them to the letter', () => {
    const file = new URL('../migrations/0007_parked.sql', import.meta.url)
    expect(readFileSync(file, 'utf8')).toBe(parkedDdl(readModelOf(1).schema))
  })
})
