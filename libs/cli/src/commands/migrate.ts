import type { Command } from 'commander'
import { printJson } from '../output.ts'
import { requireEnvironment } from '../stack-environment.ts'

/** `synap migrate` */
export function registerMigrate(program: Command): void {
  program
    .command('migrate')
    .description('bring the database schemas of all services to the newest migration')
    .option('--json', 'one JSON document: {services: [{service, applied, at}]}')
    .addHelpText(
      'after',
      '\nReads DATABASE_URL, or what ./synap up wrote. Two runs at once\nwait for each other.\n\nExample:\n  $ ./synap migrate',
    )
    .action(async ({ json }: { json?: boolean }) => {
      const { DATABASE_URL } = requireEnvironment(['DATABASE_URL'])
      const { migrateServices } = await import('../setup/migrate-services.ts')
      const reports = await migrateServices(
        DATABASE_URL,
        json ? () => undefined : (line) => console.log(line),
      )
      if (json) printJson({ services: reports.map(({ service, applied, at }) => ({ service, applied, at })) })
    })
}
