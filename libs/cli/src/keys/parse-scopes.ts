import { type Scope, scopes } from '@synap/contracts'
import { InvalidArgumentError } from 'commander'

/** `read,write`, in any order, each once. */
export function parseScopes(text: string): Scope[] {
  const named = text.split(/[\s,]+/).filter((name) => name !== '')
  const unknown = named.filter((name) => !(scopes as readonly string[]).includes(name))
  if (named.length === 0 || unknown.length > 0)
    throw new InvalidArgumentError(`There are: ${scopes.join(', ')}. Divide them with commas.`)
  return [...new Set(named as Scope[])]
}
