/** Whole numbers as Postgres' `int8multirange`: neighbours become one range, so a thousand ids are seldom many ranges. */
export function toMultirange(ids: Iterable<number>): string {
  const ranges: [first: number, last: number][] = []
  for (const id of [...ids].sort((a, b) => a - b)) {
    const range = ranges.at(-1)
    if (range !== undefined && id <= range[1] + 1) range[1] = id
    else ranges.push([id, id])
  }
  return `{${ranges.map(([first, last]) => `[${first},${last}]`).join(',')}}`
}
