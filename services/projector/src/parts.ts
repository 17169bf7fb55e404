export interface PartBounds<T> {
  /** Items in one part at most. */
  count: number
  /** Sum of the sizes in one part at most; a single larger item is a part of its own. */
  size: number
  sizeOf: (item: T) => number
}

/** Items in their order, in parts that stay within bounds; for statements and transactions that must end in time. */
export function* partsOf<T>(items: readonly T[], { count, size, sizeOf }: PartBounds<T>): Generator<T[]> {
  let part: T[] = []
  let sum = 0
  for (const item of items) {
    const own = sizeOf(item)
    if (part.length > 0 && (part.length === count || sum + own > size)) {
      yield part
      part = []
      sum = 0
    }
    part.push(item)
    sum += own
  }
  if (part.length > 0) yield part
}
