import { isUuid, type UserId } from '@synap/core'
import { type Command, InvalidArgumentError } from 'commander'

/** Whose enrichment a command is about: without a flag, the one's own. */
export interface WhoseFlags {
  user?: UserId
  allUsers?: boolean
}

/** Adds the flags that operators have. */
export function withWhose(command: Command): Command {
  return command
    .option('--user <id>', 'of another user; needs the scope operate', parseUser)
    .option('--all-users', 'of everybody; needs the scope operate')
}

export function whoseOf({ user, allUsers }: WhoseFlags): { user?: UserId; all?: true } {
  return { ...(user === undefined ? {} : { user }), ...(allUsers === true ? { all: true } : {}) }
}

export function parseUser(text: string): UserId {
  if (isUuid(text)) return text as UserId
  throw new InvalidArgumentError('It is the id of a user.')
}
