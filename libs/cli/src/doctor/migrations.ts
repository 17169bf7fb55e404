import { join } from 'node:path'
import { describeError, SynapError } from '@synap/core'
import { assertMigrated, ownership } from '@synap/postgres'
import { type Check, failed, ok } from './check.ts'
import { startServers } from './context.ts'
import { withDatabase } from './postgres.ts'

export const migrations: Check = {
  name: 'migrations',
  otherwise: (context) => startServers(context, 'DATABASE_URL'),
  run: (context) =>
    withDatabase(context, async (pool) => {
      const services = Object.keys(ownership)
      const problems: string[] = []
      for (const service of services) {
        const directory = join(context.root, 'services', service, 'migrations')
        await assertMigrated(pool, service, directory).catch((error: unknown) => {
          if (!isAboutMigrations(error)) throw error
          problems.push(describeError(error))
        })
      }
      if (problems.length === 0)
        return ok(`the schemas of ${services.join(', ')} are what this version knows`)
      return failed(problems.join('; '), './synap migrate; where the database is newer: git pull')
    }),
}

const isAboutMigrations = (error: unknown): boolean =>
  error instanceof SynapError && error.code.startsWith('migrations.')
