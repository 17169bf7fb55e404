import { randomBytes } from 'node:crypto'
import { createOfflineProvider } from '@synap/ai'
import { describe, expect, it } from 'vitest'
import { createPoints, nearestPoints } from '../../test/clustered-vectors.ts'
import { findCandidates } from './find-candidates.ts'
import { createPackedVectors, entityOf, packedBytes, perSlab } from './packed-vectors.ts'
import { createSlabs, slabBytes } from './slabs.ts'

const idOf = (number: number) => {
  const id = Buffer.alloc(16)
  id.writeUInt32BE(number)
  return id
}
const numberOf = (id: string) => Number.parseInt(id.slice(0, 8), 16)

function pack(points: readonly Float32Array[], entity = (place: number) => place) {
  const vectors = createPackedVectors(createSlabs(points.length * packedBytes + 2 * slabBytes))
  for (const [place, point] of points.entries()) {
    expect(vectors.add(idOf(entity(place)), point.slice())).toBe(true)
  }
  return vectors
}

const all = { wanted: 20, leastLikeness: null }

describe('findCandidates', () => {
  const draw = createPoints(60)

  it.each([30, 1_024, 3_000])('given %i points in clusters, the ten nearest are among them', (count) => {
    const points = Array.from({ length: count }, draw)
    const vectors = pack(points)
    let hits = 0
    for (let run = 0; run < 20; run += 1) {
      const question = draw()
      const found = new Set(findCandidates(vectors, { ...all, values: question }).entities.map(numberOf))
      hits += nearestPoints(points, question, 10).filter((place) => found.has(place)).length
    }
    expect(hits / 200).toBeGreaterThanOrEqual(0.99)
  })

  it('given a model that leaves most places empty, and texts of any length, the ten nearest are among them', async () => {
    const words = Array.from({ length: 300 }, () => randomBytes(5).toString('hex'))
    const text = (length: number) =>
      Array.from({ length }, () => words[Math.floor(300 * Math.random() ** 2)]).join(' ')
    const texts = Array.from({ length: 3_000 }, (_, at) => text(1 + (at % 60)))
    const questions = Array.from({ length: 20 }, () => text(2))
    const { vectors: points } = await createOfflineProvider().embed(
      [...texts, ...questions],
      AbortSignal.timeout(60_000),
    )
    const vectors = pack(points.slice(0, texts.length))
    let hits = 0
    for (const question of points.slice(texts.length)) {
      const found = new Set(findCandidates(vectors, { ...all, values: question }).entities.map(numberOf))
      hits += nearestPoints(points.slice(0, texts.length), question, 10).filter((at) => found.has(at)).length
    }
    expect(hits / 200).toBeGreaterThanOrEqual(0.99)
  })

  it('given a question that is one of the points, that one comes first', () => {
    const points = Array.from({ length: 200 }, draw)
    const vectors = pack(points)
    for (const [place, point] of points.entries()) {
      const found = findCandidates(vectors, { values: point, wanted: 5, leastLikeness: null })
      expect(numberOf(found.entities[0] as string)).toBe(place)
    }
  })

  it('given as many entities as are wanted or fewer, all come, the nearest first, and nothing is beyond', () => {
    const points = Array.from({ length: 20 }, draw)
    const question = draw()
    const { entities, beyond, nearest } = findCandidates(pack(points), { ...all, values: question })
    expect(entities.map(numberOf).slice(0, 5)).toEqual(nearestPoints(points, question, 5))
    expect([entities.length, beyond]).toEqual([20, null])
    const [first = 0] = nearestPoints(points, question, 1)
    const likeness = question.reduce((sum, value, at) => sum + value * (points[first]?.[at] as number), 0)
    expect(Math.abs((nearest ?? 0) - likeness)).toBeLessThan(0.001)
  })

  it('given more, what is beyond is no more like the question than the last', () => {
    const points = Array.from({ length: 2_000 }, draw)
    const few = findCandidates(pack(points), { values: draw(), wanted: 5, leastLikeness: null })
    expect(few.entities).toHaveLength(5)
    expect(few.beyond).not.toBeNull()
    expect(few.beyond).toBeLessThanOrEqual(few.nearest ?? 0)
    expect(few.isCut).toBe(false)
  })

  it('given a text whose passages are all that is near, others come behind it', () => {
    const near = draw()
    const points = [
      ...Array.from({ length: 2_000 }, () => near),
      ...Array.from({ length: 30 }, () => near.map((value) => -value)),
    ]
    const vectors = pack(points, (place) => Math.max(0, place - 1_999))
    expect(findCandidates(vectors, { values: near, wanted: 20, leastLikeness: null }).entities).toHaveLength(
      20,
    )
  })

  it('given a least likeness, what is less like, or not half as like as the nearest, is cut off', () => {
    const first = draw()
    const second = draw()
    const between = first.map((value, at) => 0.8 * value + 0.2 * (second[at] as number))
    const found = findCandidates(pack([first, between, second.map((value) => -value)]), {
      values: first,
      wanted: 20,
      leastLikeness: 0.1,
    })
    expect(found.entities.map(numberOf)).toEqual([0, 1])
    expect(found.isCut).toBe(true)
  })

  it('given no memory, nothing is added; given back, it serves again', () => {
    const slabs = createSlabs(2 * slabBytes)
    const [first, second] = [createPackedVectors(slabs), createPackedVectors(slabs)]
    const point = draw()
    for (let at = 0; at < 2 * perSlab; at += 1) expect(first.add(idOf(at), point.slice())).toBe(true)
    expect(second.add(idOf(1), point.slice())).toBe(false)
    first.free()
    expect(slabs.used()).toBe(0)
    expect(second.add(idOf(9), point.slice())).toBe(true)
    expect(numberOf(entityOf(second, 0))).toBe(9)
  })
})
