import { vectorDimensions } from '@synap/ai'
import { createKernel, type Kernel } from './kernel.ts'

/** A page of WebAssembly's memory. */
export const slabBytes = 65_536
/** The memory grows by this many slabs at a time, or by a share of what there is: each time takes some milliseconds. */
const growBy = 16
const growShare = 1 / 8

/**
 * Where things lie in the first slab, which nobody can take: the question's signs, its places as shorts and, roughly, as bytes,
 * behind both what makes a product with them one of a question of length 1; addresses for the kernel; what it writes, and what it
 * writes of a rough look, which stays while others are taken.
 */
export const scratch = { signs: 0, shorts: 256, bytes: 3_344, list: 8_192, out: 16_384, roughOut: 57_344 }
/** Bytes of a question, from its signs on. */
export const questionBytes = scratch.bytes + vectorDimensions + 4
/** Addresses that there is room for, and numbers of four bytes in `roughOut`. */
export const listed = 2_048

/** The first slab as the kernel reads and writes it. */
export interface Scratch {
  question: Uint8Array
  list: Uint32Array
  /** Numbers of four bytes and of two, in the same place. */
  products: Int32Array
  likenesses: Float32Array
  differences: Uint16Array
  rough: Float32Array
  /** All of the memory. */
  floats: Float32Array
  words: Uint32Array
}

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
  /** The same of the first slab. */
  scratch(): Scratch
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
  // To make them takes longer than what is done with them.
  let views = viewsOf(memory.buffer)
  const viewsNow = () => {
    if (views.buffer !== memory.buffer) views = viewsOf(memory.buffer)
    return views
  }
  const grow = () => {
    const more = Math.min(Math.max(growBy, Math.ceil(pages * growShare)), maximum - pages)
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
    bytes: () => viewsNow().bytes,
    scratch: () => viewsNow().scratch,
    used: () => pages - 1 - free.length,
    limit,
  }
}

function viewsOf(buffer: ArrayBuffer): { buffer: ArrayBuffer; bytes: Buffer; scratch: Scratch } {
  const { signs, list, out, roughOut } = scratch
  return {
    buffer,
    bytes: Buffer.from(buffer),
    scratch: {
      question: new Uint8Array(buffer, signs, questionBytes),
      list: new Uint32Array(buffer, list, listed),
      products: new Int32Array(buffer, out, listed),
      likenesses: new Float32Array(buffer, out, listed),
      differences: new Uint16Array(buffer, out, (roughOut - out) / 2),
      rough: new Float32Array(buffer, roughOut, listed),
      floats: new Float32Array(buffer),
      words: new Uint32Array(buffer),
    },
  }
}
