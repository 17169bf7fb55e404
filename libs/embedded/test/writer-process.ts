import { silentLogger } from '@synap/messaging'
import { execute } from '@synap/postgres'
import { createEmbeddedDatabase } from '../src/index.ts'

// Writes numbers one after the other and prints each when it is committed, until the process is killed.
const [dataDir = '', from = '0'] = process.argv.slice(2)
const { pool } = await createEmbeddedDatabase({
  dataDir,
  logger: silentLogger,
  onExit: (error) => {
    throw error
  },
})
await execute(pool, { text: 'create schema if not exists kept' })
await execute(pool, { text: 'create table if not exists kept.numbers (n int primary key, filler text)' })
for (let n = Number(from); ; n += 1) {
  await execute(pool, {
    text: `insert into kept.numbers values ($1::int, repeat('x', 2000))`,
    values: [n],
  })
  process.stdout.write(`wrote ${n}\n`)
}
