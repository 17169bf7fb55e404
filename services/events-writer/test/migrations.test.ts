import { readFileSync } from 'node:fs'
import { inboxDdl } from '@synap/inbox'
import { expect, it } from 'vitest'

it('given the tables of the inbox, the first migration holds exactly them', () => {
  const migration = readFileSync(new URL('../migrations/0001_inbox.sql', import.meta.url), 'utf8')
  expect(migration).toBe(inboxDdl('log'))
})
