import type { ServerSettings } from '../server.ts'

/** Arguments of `postgres` that set these parameters. */
export function postgresArguments(mode: ServerSettings['mode'], more: Record<string, string> = {}): string[] {
  const parameters: Record<string, string> = {
    shared_preload_libraries: 'timescaledb',
    'timescaledb.telemetry_level': 'off',
    max_connections: '200',
    log_line_prefix: '%m [%p] %q%a %d ',
    ...(mode === 'test' ? forTests : {}),
    ...more,
  }
  return Object.entries(parameters).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/** Safe when Postgres is killed, not when the machine is: the data of tests is thrown away anyway. */
const forTests: Record<string, string> = {
  fsync: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  // Its workers would hold on to databases that tests copy and drop; nothing here runs in the background.
  'timescaledb.max_background_workers': '0',
}
