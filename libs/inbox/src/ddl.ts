import { readFileSync } from 'node:fs'

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
const tables = read('inbox.sql')
const parked = read('parked.sql')

/**
 * The tables and functions an inbox needs, for one schema. A service keeps this text as a migration of its own and a
 * test that compares the two, so that a change here cannot reach a database unnoticed.
 * `schema` is a plain lower-case identifier; anything else is a bug.
 */
export const inboxDdl = (schema: string): string => fill(tables, schema)

/** What comes after it: groups and history of what is parked, and what an operator can do. Kept in the same way. */
export const parkedDdl = (schema: string): string => fill(parked, schema)

function fill(text: string, schema: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(schema)) throw new TypeError(`not a schema name: ${schema}`)
  return text.replaceAll('{schema}', schema)
}
