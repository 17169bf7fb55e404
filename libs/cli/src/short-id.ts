/** Of a UUIDv7 the first 48 bits are the time: what two ids of another moment differ in. */
const leastLength = 13

/** The beginnings of these ids, in their order, as short as they can be told apart by (13 characters or more). */
export function shortIds(ids: readonly string[]): Map<string, string> {
  const sorted = [...new Set(ids)].sort()
  const shared = (a: string, b: string | undefined) => {
    let at = 0
    while (b !== undefined && at < a.length && a[at] === b[at]) at += 1
    return at
  }
  const longest = Math.max(leastLength, ...sorted.map((id, place) => shared(id, sorted[place + 1]) + 1))
  return new Map(ids.map((id) => [id, id.slice(0, longest).replace(/-$/, '')]))
}
