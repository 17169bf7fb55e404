import { createInterface } from 'node:readline/promises'
import { CommandError } from './command-error.ts'
import { exitCodes } from './exit-codes.ts'

/** Lets a person confirm what nothing takes back; without a terminal `--yes` is needed. Rejects unless it is confirmed. */
export async function confirm(question: string, yes: boolean | undefined): Promise<void> {
  if (yes === true) return
  if (!process.stdin.isTTY) {
    throw new CommandError(
      'Nothing takes this back: without a terminal to ask at, it needs --yes.',
      exitCodes.usage,
    )
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await prompt.question(`${question} Nothing takes this back. Type "yes": `)
    if (answer.trim().toLowerCase() !== 'yes') throw new CommandError('Nothing was changed.')
  } finally {
    prompt.close()
  }
}
