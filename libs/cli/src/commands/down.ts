import { createInterface } from 'node:readline/promises'
import { down } from '@synap/servers'
import type { Command } from 'commander'
import { CommandError } from '../command-error.ts'
import { exitCodes } from '../exit-codes.ts'
import { createProgress } from '../progress.ts'
import { repositoryRoot } from '../repository.ts'
import { defaultDataDir, findStandalone } from '../standalone/profile.ts'
import { stopStandalone } from '../standalone/stop-standalone.ts'
import { wipeData } from '../standalone/wipe-data.ts'

interface DownFlags {
  wipe?: boolean
  yes?: boolean
}

/** `synap down` */
export function registerDown(program: Command): void {
  program
    .command('down')
    .description('stop what start or up has started, and only that; the data stay')
    .option('--wipe', 'also delete all data, keys and settings of this checkout')
    .option('-y, --yes', 'do not ask before deleting')
    .addHelpText(
      'after',
      `
--wipe deletes what lies below .synap of this checkout: the data of ./synap up,
and those of ./synap start unless they were elsewhere (--data).

Examples:
  $ ./synap down
  $ ./synap down --wipe --yes`,
    )
    .action(async (flags: DownFlags) => {
      if (flags.wipe === true && flags.yes !== true) await confirmWipe()
      const progress = createProgress()
      const standalone = findStandalone()
      if (standalone !== undefined) {
        progress.waiting(['standalone'])
        const how = await stopStandalone(standalone)
        progress.waiting([])
        progress.line(`standalone stopped (${how})`)
      }
      // First, since it may be refused: one that was started with --no-profile was not ended.
      if (flags.wipe === true) await wipeData(defaultDataDir)
      const stopped = await down({ root: repositoryRoot, wipe: flags.wipe === true, progress })
      if (stopped === 0 && standalone === undefined) console.log('Nothing was running.')
      if (flags.wipe === true) console.log('All data of this checkout are deleted.')
    })
}

async function confirmWipe(): Promise<void> {
  if (!process.stdin.isTTY)
    throw new CommandError('--wipe deletes all data; without a terminal it needs --yes.', exitCodes.usage)
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await prompt.question('Delete everything captured here, for good? Type "delete": ')
    if (answer.trim() !== 'delete') throw new CommandError('Nothing was stopped or deleted.')
  } finally {
    prompt.close()
  }
}
