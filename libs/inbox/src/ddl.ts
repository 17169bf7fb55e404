import { readFileSync } from 'node:fs'

const text = readFileSync(new URL('../inbox.sql', import.meta.url), 'utf8')

/**
 * The tables and functions an inbox needs, for one schema. A service keeps this text as a migration of its own and a
 * test that compares the two, so that a change here cannot reach a database unnoticed.
 * `schema` is a plain lower-case identifier; anything else is a bug.
 */
export function inboxDdl(schema: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(schema)) throw new TypeError(`not a schema name: ${schema}`)
  return text.replaceAll('{schema}', schema)
}
