/** Consecutive numbers whose fingerprints stand together. */
export const perBlock = 64
const pageBlocks = 4_096

/** Room for fingerprints in blocks that can be given back: few large arrays in place of very many small ones. */
export function createPrintSlab() {
  const pages: Uint32Array[] = []
  const free: number[] = []
  let made = 0

  const pageOf = (block: number) => pages[Math.floor(block / pageBlocks)] as Uint32Array
  const offsetOf = (block: number) => (block % pageBlocks) * perBlock

  return {
    /** A block of zeros. */
    take(): number {
      const block = free.pop()
      if (block !== undefined) {
        pageOf(block).fill(0, offsetOf(block), offsetOf(block) + perBlock)
        return block
      }
      if (made % pageBlocks === 0) pages.push(new Uint32Array(pageBlocks * perBlock))
      made += 1
      return made - 1
    },
    give: (block: number) => void free.push(block),
    get: (block: number, at: number) => pageOf(block)[offsetOf(block) + at] as number,
    set(block: number, at: number, print: number): void {
      pageOf(block)[offsetOf(block) + at] = print
    },
    /** Blocks in use. */
    used: () => made - free.length,
  }
}
export type PrintSlab = ReturnType<typeof createPrintSlab>
