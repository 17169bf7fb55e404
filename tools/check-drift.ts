import { contractsDrift } from './drift/contracts-drift.ts'
import { migrationsDrift } from './drift/migrations-drift.ts'
import { schemaIdsDrift } from './drift/schema-ids-drift.ts'
import { repositoryRoot } from './workspace.ts'

/** What is generated is compared with its source. One line here for each check; it answers one line per difference. */
const checks: readonly (readonly [
  string,
  (root: string) => readonly string[] | Promise<readonly string[]>,
])[] = [
  ['schemas and reference pages', contractsDrift],
  ['migrations', migrationsDrift],
  ['schema ids', schemaIdsDrift],
]

for (const [name, check] of checks) {
  const differences = await check(repositoryRoot)
  for (const line of differences) console.error(line)
  console.log(differences.length === 0 ? `${name}: no drift` : `${name}: ${differences.length} differ`)
  if (differences.length > 0) process.exitCode = 1
}
