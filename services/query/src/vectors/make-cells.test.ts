import { describe, expect, it, vi } from 'vitest'
import { createPoints, nearestPoints } from '../../test/clustered-vectors.ts'
import { numbersOf, rowsPerSlab } from './cells.ts'
import { type Chosen, createChosen } from './chosen.ts'
import { findCandidates } from './find-candidates.ts'
import type { Kernel } from './kernel.ts'
import { makeCells } from './make-cells.ts'
import { createPackedVectors, perSlab } from './packed-vectors.ts'
import { createSlabs, slabBytes } from './slabs.ts'

const count = 4_500
const draw = createPoints(60)
const points = Array.from({ length: count }, draw)
const never = new AbortController().signal

const idOf = (number: number) => {
  const id = Buffer.alloc(16)
  id.writeUInt32BE(number)
  return id
}

const vectorOf = (number: number, point: Float32Array) => ({
  id: idOf(number),
  content: 'c',
  chunk: 0,
  values: point.slice(),
})

function pack(moreSlabs: number, own = points, failing: Partial<Kernel> = {}) {
  const slabs = createSlabs((Math.ceil(count / perSlab) + moreSlabs) * slabBytes)
  const vectors = createPackedVectors({ ...slabs, kernel: { ...slabs.kernel, ...failing } })
  for (const [place, point] of own.entries()) expect(vectors.add(vectorOf(place, point))).toBe(true)
  return vectors
}

const question = { wanted: 20, sure: 12, leastLikeness: null }
const found = (vectors: ReturnType<typeof pack>, values: Float32Array, among?: Chosen) => {
  const { ids } = findCandidates(vectors, { ...question, values, among })
  return Array.from({ length: ids.length / 16 }, (_, at) => Buffer.from(ids).readUInt32BE(at * 16))
}

describe('cells', () => {
  it('given many vectors, each is in one cell, the nearest are found in few of them, and what came since besides', async () => {
    const vectors = pack(30)
    await makeCells(vectors, never)
    const cells = vectors.cells()
    expect(cells?.count).toBe(count)
    const numbers = cells?.places.flatMap((slab) => Array.from(numbersOf(vectors.slabs.buffer(), slab)))
    expect(new Set(numbers?.slice(0, count)).size).toBe(count)
    expect(numbers?.length).toBe(Math.ceil(count / rowsPerSlab) * rowsPerSlab)
    expect(cells?.shareFor(12)).toBeLessThan(0.5)
    // Of a topic there are 75; as many as pass a filter's half are near it.
    expect(cells?.shareFor(45)).toBeLessThan(0.5)
    expect(cells?.shareFor(2_000)).toBeUndefined()
    const added = Array.from({ length: 100 }, draw)
    for (const [at, point] of added.entries()) vectors.add(vectorOf(count + at, point))
    const all = [...points, ...added]
    let hits = 0
    for (let run = 0; run < 30; run += 1) {
      const values = draw()
      const places = new Set(found(vectors, values))
      hits += nearestPoints(all, values, 10).filter((place) => places.has(place)).length
    }
    expect(hits / 300).toBeGreaterThanOrEqual(0.99)
    expect(found(vectors, added[7] as Float32Array)[0]).toBe(count + 7)
    vectors.free()
    expect([vectors.slabs.used(), vectors.cells()]).toEqual([0, undefined])
  })

  it('given more topics than the root of the number of vectors, few are looked at, and the nearest are found', async () => {
    const drawMore = createPoints(150)
    const own = Array.from({ length: count }, drawMore)
    const vectors = pack(30, own)
    await makeCells(vectors, never)
    expect(vectors.cells()?.shareFor(12)).toBeLessThan(0.06)
    let hits = 0
    for (let run = 0; run < 20; run += 1) {
      const values = drawMore()
      const places = new Set(found(vectors, values))
      hits += nearestPoints(own, values, 10).filter((place) => places.has(place)).length
    }
    expect(hits / 200).toBeGreaterThanOrEqual(0.99)
  })

  it('given very many to choose among, few are looked at; all are where none of these lies near', async () => {
    const vectors = pack(30)
    const listed = vi.spyOn(vectors.slabs.kernel, 'countListed')
    await makeCells(vectors, never)
    const nearestOf = (values: Float32Array, chosen: readonly number[]) =>
      nearestPoints(
        chosen.map((place) => points[place] as Float32Array),
        values,
        10,
      ).map((at) => chosen[at] as number)
    const half = points.flatMap((_, place) => ((place * 7919) % 100 < 50 ? [place] : []))
    const chosen = createChosen(Uint32Array.from(half), count)
    let hits = 0
    for (let run = 0; run < 30; run += 1) {
      const values = draw()
      const places = found(vectors, values, chosen)
      hits += nearestOf(values, half).filter((place) => places.includes(place)).length
      expect(places.filter((place) => !half.includes(place))).toEqual([])
    }
    expect(hits / 300).toBeGreaterThanOrEqual(0.99)
    expect(listed.mock.calls.length).toBeLessThan(10)

    listed.mockClear()
    const values = draw()
    const near = new Set(nearestPoints(points, values, 300))
    const far = half.filter((place) => !near.has(place))
    const places = found(vectors, values, createChosen(Uint32Array.from(far), count))
    expect(nearestOf(values, far).filter((place) => places.includes(place)).length).toBeGreaterThanOrEqual(9)
    expect(listed).toHaveBeenCalled()
  })

  it('given vectors that lie nowhere near each other, there are none, for they would hide what is near', async () => {
    const alone = createPoints(count)
    const vectors = pack(30, Array.from({ length: count }, alone))
    const before = vectors.slabs.used()
    await makeCells(vectors, never)
    expect([vectors.cells(), vectors.slabs.used()]).toEqual([undefined, before])
  })

  it('given no memory for them, or vectors that go or grow meanwhile, there are none, and no memory is lost', async () => {
    const full = pack(2)
    const before = full.slabs.used()
    await makeCells(full, never)
    expect([full.cells(), full.slabs.used()]).toEqual([undefined, before])
    const gone = pack(30)
    const making = makeCells(gone, never)
    gone.free()
    await making
    expect([gone.cells(), gone.slabs.used()]).toEqual([undefined, 0])
    const ending = new AbortController()
    const vectors = pack(30)
    const aborted = makeCells(vectors, ending.signal)
    ending.abort()
    await aborted
    expect([vectors.cells(), vectors.slabs.used()]).toEqual([undefined, before])
  })

  it.each([
    ['while they are made', 'countDifferences', 7],
    ['while they are tried', 'multiply', 7],
  ] as const)('given an error %s, it is told, and no memory is lost', async (_, name, times) => {
    let left = times
    const fail = () => {
      if ((left -= 1) < 0) throw new RangeError('no memory for this')
    }
    const vectors = pack(30, points, { [name]: fail })
    const before = vectors.slabs.used()
    await expect(makeCells(vectors, never)).rejects.toThrow('no memory for this')
    expect([vectors.cells(), vectors.slabs.used()]).toEqual([undefined, before])
  })
})
