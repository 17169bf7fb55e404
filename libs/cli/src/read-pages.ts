import type { Read } from '@synap/client'

interface Page<T> {
  items: T[]
  next: string | null
}

/** The most that one answer of the API may hold. */
const pageSize = 200

/** As many items as `limit` allows, page by page, and whether there are more. */
export async function readPages<T>(
  limit: number,
  read: (page: { limit: number; cursor?: string }) => Promise<Read<Page<T>>>,
): Promise<{ items: T[]; isMore: boolean }> {
  const items: T[] = []
  let cursor: string | null | undefined
  do {
    const page = { limit: Math.min(pageSize, limit - items.length), ...(cursor ? { cursor } : {}) }
    const { value } = await read(page)
    items.push(...value.items)
    cursor = value.next
  } while (cursor !== null && items.length < limit)
  return { items, isMore: cursor !== null }
}
