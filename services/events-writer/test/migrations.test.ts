import { readFileSync } from 'node:fs'
import { inboxDdl, parkedDdl } from '@synap/inbox'
import { expect, it } from 'vitest'

it('given the tables of the inbox, the first migration holds exactly them', () => {
  const migration = readFileSync(new URL('../migrations/0001_inbox.sql', import.meta.url), 'utf8')
  expect(migration).toBe(inboxDdl('log'))
})

it('given what is parked, the migration that groups it holds exactly the text of the inbox', () => {
  const migration = readFileSync(new URL('../migrations/0008_parked.sql', import.meta.url), 'utf8')
  expect(migration).toBe(parkedDdl('log'))
})
