import { type DerivedRecord, packFloat16, type SynapEvent } from '@synap/contracts'
import { type EntityId, sha256Hex } from '@synap/core'
import type { ReadDerived } from '../src/project-derived.ts'
import { axis, embedded, extracted, type Subject, tombstone } from './derived-records.ts'
import { createRandom } from './random-events.ts'

const vectorsOf = (model: string) => ({ model, producer: `${model}@1536@chunks1` })
const bodies = ['milk and bread', 'a letter from the garden', 'running invoices', 'piano, bicycle']

/**
 * What enrichers publish about the subjects that events name, in the order of the topic: results of one to three blocks by
 * several producers, again with fewer blocks, tombstones, and now and then content that no event knows.
 */
export function randomDerived(random: () => number, events: readonly SynapEvent[], results: number) {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const subjects = subjectsOf(events)
  const records: ReadDerived[] = []
  for (let made = 0; made < results && subjects.length > 0; made += 1) {
    const known = pick(subjects)
    const subject = random() < 0.1 ? { ...known, contentHash: sha256Hex('nobody knows') } : known
    const blockCount = pick([1, 1, 2, 3])
    const of = pick<(block: number) => ReadDerived>([
      (block) => textBlock(subject, pick(['extract@2', 'extract@10']), block, blockCount),
      (block) => textBlock(subject, 'extract@2', block, blockCount),
      (block) => vectorBlock(subject, vectorsOf('one'), block, blockCount, random),
      (block) => vectorBlock(subject, vectorsOf('two'), block, blockCount, random),
    ])
    const producer = random()
    const published = Array.from({ length: blockCount }, (_, block) => of(block))
    if (producer < 0.15) records.push(...published.map(tombstone))
    // a result whose end is still to come, or was lost
    else if (producer < 0.3) records.push(...published.slice(0, 1))
    else records.push(...published)
  }
  return records
}

/** The content and titles that the entities of these events had. */
function subjectsOf(events: readonly SynapEvent[]): Subject[] {
  return events.flatMap((event) => {
    const { userId } = event
    const entityId = event.aggregateId as string as EntityId
    if (event.type === 'entity.file_uploaded') {
      return [{ userId, entityId, contentHash: event.delta.file.sha256 }]
    }
    const title =
      event.type === 'entity.created' || event.type === 'entity.title_changed' ? event.delta.title : null
    return title === null ? [] : [{ userId, entityId, contentHash: sha256Hex(title) }]
  })
}

/** The same text whenever it is read: it is named by subject and producer. */
function textBlock(subject: Subject, producer: string, block: number, blockCount: number): ReadDerived {
  const at = Number.parseInt(sha256Hex(`${subject.contentHash}${producer}`).slice(0, 8), 16)
  const chunks = [{ index: block, start: 0, end: 5, byteStart: 0, byteEnd: 5 }]
  const more = { producer, block, blockCount, chunks, language: at % 3 === 0 ? 'de' : 'en' }
  const made = extracted(subject, bodies[at % bodies.length] ?? '', more)
  return block === 0 ? made : { ...made, body: null }
}

function vectorBlock(
  subject: Subject,
  by: { model: string; producer: string },
  block: number,
  blockCount: number,
  random: () => number,
): ReadDerived {
  const chunks = [0, 1].filter(() => random() < 0.7).map((chunk) => 2 * block + chunk)
  const made = createRandom(Math.floor(random() * 4_294_967_296))
  const vectors = chunks.map((chunk) => {
    const values = axis(chunk)
    values[1_535] = made()
    return { chunk, start: chunk * 10, end: chunk * 10 + 9, values: packFloat16(values) }
  })
  return embedded(subject, chunks, { ...by, block, blockCount, vectors })
}

const resultOf = ({ userId, entityId, contentHash, producer }: Pick<DerivedRecord, 'producer'> & Subject) =>
  `${userId}/${entityId}/${contentHash}/${producer}`

/** The derived records that are left when one after the other has been taken, as plain data: the second fold. */
export function foldDerivedPlainly(
  records: readonly ReadDerived[],
  isGone: (subject: Subject) => boolean,
): DerivedRecord[] {
  const rows = new Map<string, DerivedRecord>()
  for (const { change } of records) {
    if (change.kind === 'tombstone') {
      rows.delete(`${resultOf(change.place)}/${change.place.block}`)
      continue
    }
    const { record } = change
    rows.set(`${resultOf(record)}/${record.block}`, record)
    for (const [key, other] of rows) {
      if (resultOf(other) === resultOf(record) && other.block >= record.blockCount) rows.delete(key)
    }
  }
  return [...rows.values()].filter((record) => !isGone(record))
}
