import type { Report } from '../cache/cache.ts'
import type { ServersConfig } from '../config.ts'
import { runChecked } from '../process/run.ts'
import { postgresBin } from '../versions.ts'
import { ensureRootfs } from './rootfs.ts'
import { sandboxArguments, sandboxEnvironment } from './sandbox.ts'

/** PostgreSQL's own programs that the server does without. */
export interface PostgresTools {
  /**
   * Runs pgbench with one script on a database; its log of single transactions (`--log`). Rejects when it fails, or when
   * a transaction did.
   */
  pgbench(databaseUrl: string, args: readonly string[], script: string, signal?: AbortSignal): Promise<string>
}

/** pgbench writes its log beside itself, one file per thread, and its report to where the log does not go. */
const program = `cat > /tmp/script.sql && ${postgresBin}/pgbench --log --log-prefix=/tmp/log --file=/tmp/script.sql "$@" >&2 && cat /tmp/log*`

/** The tools of the server's version, on the machine's network (Debian, as root: see the native provider). */
export async function createPostgresTools(config: ServersConfig, report: Report): Promise<PostgresTools> {
  const rootfs = await ensureRootfs({ cacheRoot: config.cacheRoot, report, signal: undefined })
  return {
    pgbench(databaseUrl, args, script, signal) {
      const { hostname, port, username, password, pathname } = new URL(databaseUrl)
      const env = {
        PGHOST: hostname,
        PGPORT: port,
        PGUSER: username,
        PGPASSWORD: decodeURIComponent(password),
      }
      const sandbox = { rootfs, env: { ...env, PGDATABASE: pathname.slice(1) } }
      const command = ['/bin/sh', '-c', program, 'pgbench', ...args]
      return runChecked('pgbench', 'bwrap', [...sandboxArguments(sandbox), ...command], {
        env: sandboxEnvironment(sandbox),
        input: script,
        signal,
      })
    },
  }
}
