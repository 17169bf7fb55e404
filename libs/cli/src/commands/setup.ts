import type { Command } from 'commander'

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
    .action(async (options: { keyFile?: string }) => {
      // The drivers of all servers: other commands need not wait for them.
      const { setUp } = await import('../setup/set-up.ts')
      await setUp(options.keyFile, (line) => console.log(line))
    })
}
