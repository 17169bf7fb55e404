export interface Finding {
  /** The part, and for NDJSON the line: `events.ndjson:17`. */
  where: string
  what: string
}

const most = 100

/** Keeps the first hundred and counts the rest: a damaged archive must not fill the memory. */
export function createFindings() {
  const kept: Finding[] = []
  let count = 0
  return {
    add(where: string, what: string): void {
      count += 1
      if (kept.length < most) kept.push({ where, what })
    },
    count: () => count,
    list: () => kept,
  }
}
export type Findings = ReturnType<typeof createFindings>
