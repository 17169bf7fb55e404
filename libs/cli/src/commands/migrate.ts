import type { Command } from 'commander'
import { migrateServices } from '../setup/migrate-services.ts'
import { requireEnvironment } from '../stack-environment.ts'

/** `synap migrate` */
export function registerMigrate(program: Command): void {
  program
    .command('migrate')
    .description('bring the database schemas of all services to the newest migration')
    .addHelpText(
      'after',
      '\nReads DATABASE_URL, or what ./synap up wrote. Two runs at once\nwait for each other.\n\nExample:\n  $ ./synap migrate',
    )
    .action(async () => {
      const { DATABASE_URL } = requireEnvironment(['DATABASE_URL'])
      await migrateServices(DATABASE_URL, (line) => console.log(line))
    })
}
