/**
 * The name that was probably meant: at most a third of its letters are wrong (left out, too many, or others). Undefined
 * when none is so near.
 */
export function nearest(text: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({ name, wrong: editDistance(text, name) }))
    .filter(({ name, wrong }) => wrong <= Math.max(1, Math.floor(Math.max(name.length, text.length) / 3)))
    .sort((a, b) => a.wrong - b.wrong)
  return ranked[0]?.name
}

/** Levenshtein's: single letters to insert, delete or replace. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, place) => place)
  for (let at = 0; at < a.length; at += 1) {
    const next = [at + 1]
    for (let place = 1; place <= b.length; place += 1) {
      const replaced = (row[place - 1] ?? 0) + (b[place - 1] === a[at] ? 0 : 1)
      next.push(Math.min(replaced, (row[place] ?? 0) + 1, (next[place - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
