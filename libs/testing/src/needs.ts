import { createDockerProvider, serversConfig } from '@synap/servers'
import { it } from 'vitest'
import { createTestDatabase } from './stack.ts'

/** What some machines lack; a test that needs it is skipped there, and its name says why. */
export type Need = 'docker' | 'timescale-full'

const obstacles: Record<Need, () => Promise<string | undefined>> = {
  docker: () => createDockerProvider(serversConfig()).obstacle(),
  'timescale-full': timescaleObstacle,
}

const labels: Record<Need, string> = { docker: 'Docker', 'timescale-full': "TimescaleDB's full edition" }

/**
 * A test function for tests that need something: `const itDocker = await needs('docker')`, then as `it`. Where it is
 * missing the test is skipped under the name `… [needs Docker: no daemon answers]`.
 */
export async function needs(
  need: Need,
): Promise<(name: string, test: () => Promise<void> | void, timeoutMs?: number) => void> {
  const obstacle = await obstacles[need]()
  const declare = obstacle === undefined ? it : it.skip
  const note = obstacle === undefined ? '' : ` [needs ${labels[need]}: ${obstacle}]`
  return (name, test, timeoutMs) => declare(`${name}${note}`, test, timeoutMs)
}

async function timescaleObstacle(): Promise<string | undefined> {
  await using database = await createTestDatabase()
  const sql = `select coalesce(current_setting('timescaledb.license', true), 'none');`
  const [license] = await database.superuserSql(sql)
  return license === 'timescale' ? undefined : `this server has the licence "${license ?? 'none'}"`
}
