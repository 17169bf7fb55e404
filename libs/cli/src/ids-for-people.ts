import { note } from './output.ts'
import { paint } from './paint.ts'
import { shortIds } from './short-id.ts'

/** Short ids for a terminal, where half a line of digits is in the way; in a pipe none, so ids are whole. */
export function idsForPeople(items: readonly { id: string }[]): Map<string, string> | undefined {
  return process.stdout.isTTY ? shortIds(items.map(({ id }) => id)) : undefined
}

/** Tells a person what can be done with the first of them. */
export function hintAtGet(ids: ReadonlyMap<string, string> | undefined): void {
  const first = ids?.values().next().value
  if (first !== undefined) note(paint.dim(`\nMore about one: ./synap get ${first}`))
}
