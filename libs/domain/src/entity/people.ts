import type { EntityState } from '../state.ts'

const between = ', '

/** Names as one line: what a suggestion or a rejection of them says. No name has a comma. */
export function joinPeople(names: readonly string[]): string {
  return names.join(between)
}

/** The form in which names are compared. */
export function personKey(name: string): string {
  return name.normalize('NFC').trim().toLowerCase()
}

/** Keys of every name that a person rejected, alone or among others. */
export function rejectedPeople({ rejected }: Pick<EntityState, 'rejected'>): ReadonlySet<string> {
  const lines = rejected.filter(({ field }) => field === 'people').map(({ value }) => value)
  return new Set(lines.flatMap((line) => line.split(between)).map(personKey))
}
