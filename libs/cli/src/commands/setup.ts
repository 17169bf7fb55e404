import type { Command } from 'commander'
import { setUp } from '../setup/set-up.ts'

/** `synap setup` */
export function registerSetup(program: Command): void {
  program
    .command('setup')
    .description(
      'prepare servers you run yourself: schemas, topics, event schemas, bucket, key of the services',
    )
    .option('--key-file <path>', 'where the key of the services is; made there when the file does not exist')
    .addHelpText(
      'after',
      `
./synap up does this by itself. Reads DATABASE_URL, KAFKA_BROKERS,
SCHEMA_REGISTRY_URL and S3_*, or what ./synap up wrote. May be repeated: what is
there already stays.

Example:
  $ ./synap setup --key-file service.key`,
    )
    .action((options: { keyFile?: string }) => setUp(options.keyFile, (line) => console.log(line)))
}
