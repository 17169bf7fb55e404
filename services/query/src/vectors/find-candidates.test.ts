import { randomBytes } from 'node:crypto'
import { createOfflineProvider } from '@synap/ai'
import { describe, expect, it } from 'vitest'
import { createPoints, nearestPoints } from '../../test/clustered-vectors.ts'
import { createChosen } from './chosen.ts'
import { type Candidates, closeError, findCandidates, nearestPassage } from './find-candidates.ts'
import { packQuestion } from './packed-question.ts'
import { createPackedVectors, perSlab } from './packed-vectors.ts'
import { likenessError } from './rank.ts'
import { createSlabs, slabBytes } from './slabs.ts'
import { vectorsOf } from './vectors-of.ts'

const idOf = (number: number) => {
  const id = Buffer.alloc(16)
  id.writeUInt32BE(number)
  // The end is what ids are told by first: here many have the same.
  id.writeUInt32BE(number % 50, 12)
  return id
}
const numbersOf = ({ ids }: Pick<Candidates, 'ids'>) =>
  Array.from({ length: ids.length / 16 }, (_, at) => Buffer.from(ids).readUInt32BE(at * 16))

const vectorOf = (number: number, point: Float32Array, place = number) => ({
  id: idOf(number),
  content: contentOf(place),
  chunk: place,
  values: point.slice(),
})
const contentOf = (place: number) => (place % 7 === 0 ? 'short' : `hash-of-${place % 7000}`.padEnd(12, 'x'))

function pack(points: readonly Float32Array[], entity = (place: number) => place) {
  const vectors = createPackedVectors(createSlabs((Math.ceil(points.length / perSlab) + 2) * slabBytes))
  for (const [place, point] of points.entries()) {
    expect(vectors.add(vectorOf(entity(place), point, place))).toBe(true)
  }
  return vectors
}

const all = { wanted: 20, sure: 15, leastLikeness: null }

describe('findCandidates', () => {
  const draw = createPoints(60)

  it.each([30, 1_024, 3_000])('given %i points in clusters, the ten nearest are among them', (count) => {
    const points = Array.from({ length: count }, draw)
    const vectors = pack(points)
    let hits = 0
    for (let run = 0; run < 20; run += 1) {
      const question = draw()
      const found = new Set(numbersOf(findCandidates(vectors, { ...all, values: question })))
      hits += nearestPoints(points, question, 10).filter((place) => found.has(place)).length
    }
    expect(hits / 200).toBeGreaterThanOrEqual(0.99)
  })

  it('given a model that leaves most places empty, and texts of any length, the ten nearest are among them', async () => {
    const words = Array.from({ length: 300 }, () => randomBytes(5).toString('hex'))
    const text = (length: number) =>
      Array.from({ length }, () => words[Math.floor(300 * Math.random() ** 2)]).join(' ')
    const texts = Array.from({ length: 3_000 }, (_, at) => text(1 + (at % 60)))
    const questions = Array.from({ length: 60 }, () => text(2))
    const { vectors: points } = await createOfflineProvider().embed(
      [...texts, ...questions],
      AbortSignal.timeout(60_000),
    )
    const vectors = pack(points.slice(0, texts.length))
    let hits = 0
    for (const question of points.slice(texts.length)) {
      const found = new Set(numbersOf(findCandidates(vectors, { ...all, values: question })))
      hits += nearestPoints(points.slice(0, texts.length), question, 10).filter((at) => found.has(at)).length
    }
    expect(hits / 600).toBeGreaterThanOrEqual(0.99)
  })

  it('given a question that is one of the points, that one comes first', () => {
    const points = Array.from({ length: 200 }, draw)
    const vectors = pack(points)
    for (const [place, point] of points.entries()) {
      const found = findCandidates(vectors, { values: point, wanted: 5, sure: 5, leastLikeness: null })
      expect(numbersOf(found)[0]).toBe(place)
    }
  })

  it('given as many entities as are wanted or fewer, all come, the nearest first, and nothing is beyond', () => {
    const points = Array.from({ length: 20 }, draw)
    const question = draw()
    const { beyond, likenesses, ...found } = findCandidates(pack(points), { ...all, values: question })
    expect(numbersOf(found).slice(0, 5)).toEqual(nearestPoints(points, question, 5))
    expect([likenesses.length, beyond]).toEqual([20, null])
    const [first = 0] = nearestPoints(points, question, 1)
    const likeness = question.reduce((sum, value, at) => sum + value * (points[first]?.[at] as number), 0)
    expect(Math.abs((likenesses[0] ?? 0) - likeness)).toBeLessThan(closeError)
  })

  it('given points in clusters, those that are wanted come in the order of their likeness, told to four digits, each with what it is of', () => {
    const points = Array.from({ length: 3_000 }, draw)
    const vectors = pack(points)
    let [worst, right] = [0, 0]
    for (let run = 0; run < 20; run += 1) {
      const question = draw()
      const found = findCandidates(vectors, { ...all, values: question })
      const likeness = (place: number) =>
        question.reduce((sum, value, at) => sum + value * (points[place]?.[at] as number), 0)
      const passages = found.passages()
      for (const [at, place] of numbersOf(found).entries()) {
        worst = Math.max(worst, Math.abs((found.likenesses[at] ?? 0) - likeness(place)))
        expect(passages[at]).toEqual({ content: contentOf(place).slice(0, 12), chunk: place })
      }
      expect(found.likenesses).toEqual(found.likenesses.toSorted().reverse())
      const ten = new Set(nearestPoints(points, question, 10))
      right += numbersOf(found)
        .slice(0, 10)
        .filter((place) => ten.has(place)).length
    }
    expect(worst).toBeLessThan(closeError)
    expect(right / 200).toBeGreaterThanOrEqual(0.99)
  })

  it('given passages of one text that are about as near, the one that is nearest by a close look stands for it', () => {
    const near = draw()
    const points = Array.from({ length: 40 }, (_, at) =>
      at < 20 ? near.map((value, place) => value + (place % 19 === at % 19 ? 1e-3 : 0)) : draw(),
    )
    const vectors = pack(points, (place) => Math.max(0, place - 19))
    const likeness = (place: number) => {
      const point = points[place] as Float32Array
      const length = Math.hypot(...point) * Math.hypot(...near)
      return near.reduce((sum, value, at) => sum + value * (point[at] as number), 0) / length
    }
    const { passages, likenesses } = findCandidates(vectors, { ...all, values: near })
    const best = Math.max(...points.map((_, place) => likeness(place)))
    expect(Math.abs(likeness(passages()[0]?.chunk ?? -1) - best)).toBeLessThan(closeError)
    expect(Math.abs((likenesses[0] ?? 0) - best)).toBeLessThan(closeError)
  })

  it('given a content of an entity, its nearest passage is told; null when there is none of it', () => {
    const points = Array.from({ length: 60 }, draw)
    const vectors = pack(points, (place) => place % 3)
    const question = draw()
    const content = contentOf(4)
    const [nearest] = nearestPoints(points, question, 60).filter(
      (place) => place % 3 === 1 && contentOf(place) === content,
    )
    expect(nearestPassage(vectors, question, { id: idOf(1), content })?.chunk).toBe(nearest)
    expect(nearestPassage(vectors, question, { id: idOf(1), content: 'another' })).toBeNull()
    expect(nearestPassage(vectors, question, { id: idOf(7), content })).toBeNull()
  })

  it('given more, what is beyond is no more like the question than the last', () => {
    const points = Array.from({ length: 2_000 }, draw)
    const few = findCandidates(pack(points), { values: draw(), wanted: 5, sure: 5, leastLikeness: null })
    expect(few.likenesses).toHaveLength(5)
    expect(few.beyond).not.toBeNull()
    expect(few.beyond).toBeLessThanOrEqual((few.likenesses[4] ?? 0) + likenessError)
    expect(few.isCut).toBe(false)
  })

  it('given a text whose passages are all that is near, others come behind it', () => {
    const near = draw()
    const points = [
      ...Array.from({ length: 2_000 }, () => near),
      ...Array.from({ length: 30 }, () => near.map((value) => -value)),
    ]
    const vectors = pack(points, (place) => Math.max(0, place - 1_999))
    expect(
      findCandidates(vectors, { values: near, wanted: 20, sure: 15, leastLikeness: null }).likenesses,
    ).toHaveLength(20)
  })

  it('given a least likeness, what is less like, or not half as like as the nearest, is cut off', () => {
    const first = draw()
    const second = draw()
    const between = first.map((value, at) => 0.8 * value + 0.2 * (second[at] as number))
    const found = findCandidates(pack([first, between, second.map((value) => -value)]), {
      values: first,
      wanted: 20,
      sure: 15,
      leastLikeness: 0.1,
    })
    expect(numbersOf(found)).toEqual([0, 1])
    expect(found.isCut).toBe(true)
  })

  it('given no memory, nothing is added; given back, it serves again', () => {
    const slabs = createSlabs(2 * slabBytes)
    const [first, second] = [createPackedVectors(slabs), createPackedVectors(slabs)]
    const point = draw()
    for (let at = 0; at < 2 * perSlab; at += 1) expect(first.add(vectorOf(at, point))).toBe(true)
    expect(second.add(vectorOf(1, point))).toBe(false)
    first.free()
    expect(slabs.used()).toBe(0)
    expect(second.add(vectorOf(9, point))).toBe(true)
    expect(numbersOf(findCandidates(second, { ...all, values: draw() }))).toEqual([9])
  })

  it('given some entities to choose among, only those are found, each by its nearest vector, and of strangers none', () => {
    const points = Array.from({ length: 600 }, draw)
    const vectors = pack(points, (place) => Math.floor(place / 2))
    const among = [7, 40, 222, 299, 5_000]
    const question = draw()
    const found = findCandidates(vectors, {
      values: question,
      wanted: 3,
      sure: 3,
      leastLikeness: null,
      among: createChosen(vectorsOf(vectors, Buffer.concat(among.map(idOf))), vectors.count()),
    })
    const own = among.slice(0, 4).flatMap((entity) => [entity * 2, entity * 2 + 1])
    const order = nearestPoints(
      own.map((place) => points[place] as Float32Array),
      question,
      own.length,
    ).map((at) => Math.floor((own[at] as number) / 2))
    expect(numbersOf(found)).toEqual([...new Set(order)].slice(0, 3))
    expect(found.beyond).not.toBeNull()
    const seven = createChosen(vectorsOf(vectors, idOf(7)), vectors.count())
    const one = findCandidates(vectors, { ...all, values: question, among: seven })
    expect([numbersOf(one), one.beyond]).toEqual([[7], null])
  })

  it.each([20, 900, 2_900])(
    'given %i of many to choose among, hardly one of their nearest is missing',
    (chosen) => {
      const points = Array.from({ length: 3_000 }, draw)
      const vectors = pack(points)
      const among = Uint32Array.from({ length: chosen }, (_, at) => Math.floor((at * 3_000) / chosen))
      let hits = 0
      for (let run = 0; run < 20; run += 1) {
        const question = draw()
        const found = numbersOf(
          findCandidates(vectors, { ...all, values: question, among: createChosen(among, 3_000) }),
        )
        const own = nearestPoints(
          Array.from(among, (place) => points[place] as Float32Array),
          question,
          10,
        ).map((at) => among[at] as number)
        hits += own.filter((place) => found.includes(place)).length
        expect(found.every((place) => among.includes(place))).toBe(true)
      }
      expect(hits / 200).toBeGreaterThanOrEqual(0.99)
    },
  )

  it('given a rough look, none is left out that is so near, and few are kept that are not', () => {
    const points = Array.from({ length: 2_000 }, draw)
    const vectors = pack(points)
    const every = Uint32Array.from(points, (_, at) => at)
    let kept = 0
    for (let run = 0; run < 10; run += 1) {
      const question = packQuestion(vectors.slabs, draw())
      const likenesses = question.likenesses(vectors, every)
      const near = new Set(question.atLeast(vectors, every, 0.05))
      for (const [at, likeness] of likenesses.entries()) if (likeness >= 0.05) expect(near).toContain(at)
      kept += near.size - likenesses.filter((likeness) => likeness >= 0.048).length
      expect(question.atLeast(vectors, every, -Infinity)).toBe(every)
    }
    expect(Math.abs(kept) / 20_000).toBeLessThan(0.01)
  })

  it('given many wanted, far more than lie in a cluster, hardly one of those that are sure is missing', () => {
    const scattered = createPoints(300)
    const points = Array.from({ length: 3_000 }, scattered)
    const vectors = pack(points)
    let hits = 0
    for (let run = 0; run < 10; run += 1) {
      const question = scattered()
      const found = numbersOf(
        findCandidates(vectors, { values: question, wanted: 200, sure: 150, leastLikeness: null }),
      )
      const places = new Set(found)
      hits += nearestPoints(points, question, 150).filter((place) => places.has(place)).length
    }
    expect(hits / 1_500).toBeGreaterThanOrEqual(0.99)
  })

  it('given a least likeness among many, all that are so like are found, and it is told that the rest was cut off', () => {
    const points = Array.from({ length: 2_000 }, draw)
    const vectors = pack(points)
    for (let run = 0; run < 5; run += 1) {
      const question = draw()
      const found = findCandidates(vectors, { values: question, wanted: 110, sure: 102, leastLikeness: 0.1 })
      const cosine = (at: number) =>
        question.reduce((sum, value, place) => sum + value * (points[at]?.[place] as number), 0)
      const order = nearestPoints(points, question, 110)
      const least = Math.max(0.1, cosine(order[0] as number) / 2)
      expect(numbersOf(found)).toEqual(
        expect.arrayContaining(order.filter((at) => cosine(at) > least + 0.002)),
      )
      expect([found.isCut, found.likenesses.length < 110]).toEqual([true, true])
      expect(found.beyond).toBeLessThan(least)
    }
  })
})
