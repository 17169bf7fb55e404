import { createKernel, type Kernel } from './kernel.ts'

/** A page of WebAssembly's memory. */
export const slabBytes = 65_536
/** The memory grows by this many slabs at a time. */
const growBy = 16

/** Memory in pieces of one size, so that what one user gives back fits the next; never more than was allowed. */
export interface Slabs {
  kernel: Kernel
  /** Address of a free slab, its bytes as they happen to be; undefined: none is left. */
  take(): number | undefined
  give(slab: number): void
  /** All of the memory; asked for anew after each `take`, which may move it. */
  buffer(): ArrayBuffer
  /** The same as bytes. */
  bytes(): Buffer
  /** Where the kernel reads the question and writes to: a slab of its own. */
  scratch: number
  /** Slabs in use. */
  used(): number
  /** Slabs at most. */
  limit: number
}

/** @param maxBytes less than one slab: none can be taken. */
export function createSlabs(maxBytes: number): Slabs {
  const limit = Math.min(Math.floor(maxBytes / slabBytes), 65_535)
  const maximum = limit + 1
  const memory = new WebAssembly.Memory({ initial: 1, maximum })
  const free: number[] = []
  let pages = 1
  // To make one takes longer than to read an id through it.
  let bytes = Buffer.from(memory.buffer)
  const grow = () => {
    const more = Math.min(growBy, maximum - pages)
    if (more === 0) return
    try {
      memory.grow(more)
    } catch {
      return // the machine has no more: as if it had not been allowed
    }
    for (let page = pages + more - 1; page >= pages; page -= 1) free.push(page * slabBytes)
    pages += more
  }
  return {
    kernel: createKernel(memory),
    take() {
      if (free.length === 0) grow()
      return free.pop()
    },
    give(slab) {
      free.push(slab)
    },
    buffer: () => memory.buffer,
    bytes() {
      if (bytes.buffer !== memory.buffer) bytes = Buffer.from(memory.buffer)
      return bytes
    },
    scratch: 0,
    used: () => pages - 1 - free.length,
    limit,
  }
}
