import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { runChecked } from '../process/run.ts'
import type { ServerSettings } from '../server.ts'
import { postgresArguments } from '../settings/postgres.ts'
import { postgresBin } from '../versions.ts'
import type { Launch } from './launch.ts'
import { type Sandbox, sandboxArguments, sandboxEnvironment } from './sandbox.ts'

/** Inside the sandbox the folder `postgres` of the data folder is /srv: the cluster, and the superuser's socket. */
const cluster = '/srv/cluster'

export function postgresSandbox(rootfs: string, settings: ServerSettings): Sandbox {
  const folder = join(settings.dataFolder, 'postgres')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return { rootfs, writable: { '/srv': folder } }
}

/** The command that runs Postgres, after making the cluster when there is none. */
export async function postgresLaunch(rootfs: string, settings: ServerSettings): Promise<Launch> {
  const sandbox = postgresSandbox(rootfs, settings)
  await initCluster(sandbox, join(settings.dataFolder, 'postgres'))
  const parameters = postgresArguments(settings.mode, {
    listen_addresses: '127.0.0.1',
    port: String(settings.ports.postgres),
    // Whoever may enter the folder is the superuser; that is the user who runs this, and root.
    unix_socket_directories: '/srv',
    ...(settings.mode === 'durable' ? { shared_buffers: `${sharedMegabytes()}MB` } : {}),
  })
  const command = [`${postgresBin}/postgres`, '-D', cluster, ...parameters]
  return { sandbox, command, ports: [settings.ports.postgres] }
}

/**
 * A quarter of the memory, as Postgres' manual advises and the image of the compose file sets by itself: with the 128 MB it
 * has of itself, what a question reads is copied from the system's cache anew each time. Taken only as it fills.
 */
function sharedMegabytes(): number {
  const mine = process.constrainedMemory()
  const memory = mine > 0 ? Math.min(mine, totalmem()) : totalmem()
  return Math.max(128, Math.floor(memory / 4 / 2 ** 20))
}

async function initCluster(sandbox: Sandbox, folder: string): Promise<void> {
  if (existsSync(join(folder, 'cluster'))) return
  // A start that was cut off leaves a half-made cluster under the other name.
  rmSync(join(folder, 'making'), { recursive: true, force: true })
  const command = [`${postgresBin}/initdb`, '-D', '/srv/making', '-U', 'postgres', '-E', 'UTF8']
  command.push('--locale=C.UTF-8', '--auth-local=trust', '--auth-host=scram-sha-256', '--no-instructions')
  await runChecked('making the Postgres cluster', 'bwrap', [...sandboxArguments(sandbox), ...command], {
    env: sandboxEnvironment(sandbox),
  })
  renameSync(join(folder, 'making'), join(folder, 'cluster'))
}

/** Runs SQL as superuser through the socket in the data folder, one statement after the other. */
export async function postgresSql(
  rootfs: string,
  settings: ServerSettings,
  database: string,
  sql: string,
): Promise<string[]> {
  const sandbox = postgresSandbox(rootfs, settings)
  const command = [
    `${postgresBin}/psql`,
    '-h',
    '/srv',
    '-p',
    String(settings.ports.postgres),
    '-U',
    'postgres',
  ]
  command.push('-d', database, '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-f', '-')
  const output = await runChecked(
    'running SQL as superuser',
    'bwrap',
    [...sandboxArguments(sandbox), ...command],
    {
      env: {
        ...sandboxEnvironment(sandbox),
        PGOPTIONS: '-c client_min_messages=warning',
        // Seconds: a server that hangs takes connections and never greets.
        PGCONNECT_TIMEOUT: '5',
      },
      input: sql,
    },
  )
  return output.split('\n').filter((line) => line !== '')
}
