import { expect } from 'vitest'
import type { Account, Pipeline } from './pipeline.ts'
import type { MarkdownFolder } from './real-markdown.ts'

/** What `synap import --json` answers, as far as tests look at it. */
export interface ImportAnswer {
  imported: number
  known: number
  empty: number
  failed: { path: string; reason: string }[]
  ledger: { acknowledged: { items: number }; topic: { events: number; repeated: number } }
}

/** Imports the folder and expects it to end well, which says that the ledger agrees. */
export async function importFolder(
  pipeline: Pick<Pipeline, 'synap'>,
  account: Account,
  folder: MarkdownFolder,
  ...flags: string[]
): Promise<ImportAnswer> {
  const { stdout, stderr, code } = await pipeline.synap(account, 'import', folder.path, '--json', ...flags)
  expect(code, `${stderr}\n${stdout}`).toBe(0)
  const answer = JSON.parse(stdout) as ImportAnswer
  expect(answer.ledger, stderr).not.toBeNull()
  return answer
}
