import type { KeyView } from '@synap/contracts'
import { CommandError } from '../command-error.ts'
import { exitCodes } from '../exit-codes.ts'

/** The key whose id is this or begins so. Throws a `CommandError` when there is none, or more than one. */
export function findKey(keys: readonly KeyView[], text: string): KeyView {
  const wanted = text.toLowerCase()
  const found = keys.filter(({ id }) => id.startsWith(wanted))
  const [first, second] = found
  if (first === undefined || wanted === '')
    throw new CommandError(`No key begins with ${JSON.stringify(text)}. ./synap keys list shows them.`)
  if (second === undefined) return first
  const names = found.map(({ id, name }) => `  ${id}  ${name}`).join('\n')
  throw new CommandError(`Several keys begin with ${text}; give more of the id:\n${names}`, exitCodes.usage)
}
