import type { SynapClient } from '@synap/client'
import { type ChangeResponse, type SuggestionField, suggestionFields } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import { Argument, type Command } from 'commander'
import { type ChangeFlags, changeItems, withChange } from '../change.ts'

interface Decision {
  name: 'accept' | 'reject'
  description: string
  said: string
  send: (
    client: SynapClient,
    id: EntityId,
    field: SuggestionField,
    request: { value?: string },
  ) => Promise<ChangeResponse>
}

const decisions: readonly Decision[] = [
  {
    name: 'accept',
    description: 'take what AI proposed for a field of an item',
    said: 'Accepted',
    send: (client, id, field, request) => client.acceptSuggestion(id, field, request),
  },
  {
    name: 'reject',
    description: 'turn down what AI proposed; it is never proposed again',
    said: 'Rejected',
    send: (client, id, field, request) => client.rejectSuggestion(id, field, request),
  },
]

/** `synap accept|reject ID FIELD [VALUE]` */
export function registerSuggestions(program: Command): void {
  for (const { name, description, said, send } of decisions) {
    const command = program
      .command(name)
      .description(description)
      .argument('<id>', 'its id, or the beginning that lists show')
      .addArgument(new Argument('<field>', 'for which').choices([...suggestionFields]))
      .argument('[value]', 'which, where several are open for the field, such as tags')
      .addHelpText(
        'after',
        `
./synap get shows what is proposed.

Examples:
  $ ./synap ${name} 019aa0c8-7c1e title
  $ ./synap ${name} 019aa0c8-7c1e tag errands`,
      )
    withChange(command).action(
      (id: string, field: SuggestionField, value: string | undefined, flags: ChangeFlags) =>
        changeItems([id], flags, {
          change: (client, item) => send(client, item, field, value === undefined ? {} : { value }),
          said: `${said} ${value ?? field}`,
        }),
    )
  }
}
