import { isDeepStrictEqual } from 'node:util'
import { catalogue, deltaSchemaOf } from '@synap/contracts'
import { type Bench, defineBenchmark, type Row } from '../benchmark.ts'
import { type Contender, runRounds } from '../rounds.ts'
import { median, range, ratioOf } from '../statistics.ts'
import { type MixedEvent, makeEventMix } from '../stream/event-mix.ts'
import { recordOf } from '../stream/events-topic.ts'
import { assertSame, best, none, type Packer, packersOf, recordsOf, used } from './batches.ts'
import { type Codec, flat } from './codec.ts'
import { binaryPeers, codecs, compact, synapCodec } from './codecs.ts'

/** CPU time of the process, so that what else the machine does hardly matters. */
interface Cost {
  encodeNs: number
  decodeNs: number
}

/** Characters of all texts of a delta that is still said to be short. */
const shortText = 24
/** Bounds of the design for the framed record, in bytes. */
const bounds = { none: 92, short: 120 } as const

export const b5Encoding = defineBenchmark({
  name: 'b5-encoding',
  summary: 'bytes and CPU per event, of encodings and of packed batches (B5)',
  description: `Takes the events of an import of real Markdown and of a little use of it. Each encoding writes and reads all of
them, ids from and to text; what comes back is compared. Synap's own is measured as ingest and consumers use it, checks
included. CPU counts, not time. Then batches of records, with keys and headers, are packed by each codec; the floor is
zstd-19 with a dictionary of other events.`,
  options: {
    events: { help: 'of the mix', unit: 'events', default: 6_000, min: 500 },
    batch: { help: 'in a packed batch', unit: 'events', default: 500, min: 1 },
    rounds: { help: 'each contender runs in', unit: 'rounds', default: 7, min: 1 },
  },
  async run({ events: count, batch, rounds }, bench) {
    bench.say(`making ${2 * count} events`)
    const all = await makeEventMix(2 * count, Math.ceil(count / 300))
    const [others, events] = [all.slice(0, count), all.slice(count)]
    const costs = await runRounds({
      contenders: [...codecs.map((codec) => contenderOf(codec, events)), checkOf(events)],
      rounds,
      warmUps: 2,
      bench,
    })
    const sizes = codecs.map(
      (codec) => [codec.name, events.map((event) => codec.encode(event).length)] as const,
    )
    const packed = packAll(others, events, batch)
    const small = packAll(others, events, smallBatch)
    return {
      spreadIs: 'lowest to highest; of a ratio, 95 % interval of the median',
      rows: [
        ...boundRows(events),
        ...costRows(costs, bench),
        ...sizes.map(([name, lengths]) => meanRow(`framed event: ${name}`, lengths)),
        ...packedRows(packed, batch),
        ...packedRows(small, smallBatch),
      ],
      failures: [],
      notes: [
        `${count} events: ${mixOf(events)}.`,
        `Batches hold keys and all headers. ${smallBatch} events is what each of twelve partitions gets of 500.`,
        'Snappy and LZ4 are left out: kafkajs reads neither, so the topics refuse them.',
      ],
      raw: { costs: Object.fromEntries(costs), packed, small },
    }
  },
})

const smallBatch = 42

function contenderOf({ name, encode, decode }: Codec, events: readonly MixedEvent[]): Contender<Cost> {
  return {
    name,
    run: async () => {
      const encoding = startCpu()
      const bytes = events.map(encode)
      const encodeNs = encoding() / events.length
      const decoding = startCpu()
      const decoded = events.map(({ type }, index) => decode(bytes[index] ?? Buffer.alloc(0), type))
      const decodeNs = decoding() / events.length
      for (const [index, event] of events.entries())
        if (!isDeepStrictEqual(present(decoded[index] ?? {}), present(flat(event))))
          throw new Error(`${name} gave back another ${event.type}`)
      return { encodeNs, decodeNs }
    },
  }
}

/** What an encoding without null leaves out is null; how an object came to be does not matter. */
const present = (value: object): unknown =>
  JSON.parse(JSON.stringify(value, (_, part: unknown) => (part === null ? undefined : part)))

const check = 'of it, the check of the delta'

/** The part of Synap's encoding that the others do not have: a delta is held against its definition. */
function checkOf(events: readonly MixedEvent[]): Contender<Cost> {
  return {
    name: check,
    run: async () => {
      const checking = startCpu()
      const fine = events.every(({ type, delta }) => deltaSchemaOf(type).safeParse(delta).success)
      if (!fine) throw new Error('a delta of the mix is not what its type says')
      return { encodeNs: checking() / events.length, decodeNs: 0 }
    },
  }
}

function startCpu(): () => number {
  const before = process.cpuUsage()
  return () => process.cpuUsage(before).user * 1_000
}

function costRows(costs: ReadonlyMap<string, readonly Cost[]>, { random }: Bench): Row[] {
  const of = (name: string, what: (cost: Cost) => number) => (costs.get(name) ?? []).map(what)
  const both = ({ encodeNs, decodeNs }: Cost) => encodeNs + decodeNs
  const medianOf = ({ name }: Codec) => median(of(name, both))
  const fastestOf = (some: readonly Codec[]) => some.reduce((a, b) => (medianOf(b) < medianOf(a) ? b : a))
  const fastest = fastestOf(binaryPeers)
  const against = (what: string, { name }: Codec, target?: Row['target']): Row => {
    const { median: value, interval } = ratioOf(of(synapCodec.name, both), of(name, both), random)
    const row = {
      what: `${what} (${name})`,
      value,
      unit: 'times',
      count: of(name, both).length,
      spread: interval,
    }
    return target === undefined ? row : { ...row, target }
  }
  const row = (what: string, values: readonly number[]): Row => ({
    what,
    unit: 'ns/event',
    value: median(values),
    count: values.length,
    spread: range(values),
  })
  return [
    against('CPU of Synap, both ways / best binary', fastest, { atMost: 1.3 }),
    against('CPU of Synap, both ways / best with ids as bytes', fastestOf(compact)),
    ...codecs.flatMap(({ name }) => [
      row(
        `encode: ${name}`,
        of(name, (cost) => cost.encodeNs),
      ),
      ...(name === synapCodec.name
        ? [
            row(
              check,
              of(check, (cost) => cost.encodeNs),
            ),
          ]
        : []),
      row(
        `decode: ${name}`,
        of(name, (cost) => cost.decodeNs),
      ),
    ]),
  ]
}

function meanRow(what: string, lengths: readonly number[]): Row {
  const value = lengths.reduce((sum, length) => sum + length, 0) / lengths.length
  return { what, unit: 'bytes, mean', value, count: lengths.length, spread: range(lengths) }
}

/** The framed sizes that the design bounds: without actor id and cause. */
function boundRows(events: readonly MixedEvent[]): Row[] {
  const plain = events.filter(({ envelope }) => envelope.actor.id === null && envelope.causationId === null)
  const of = (text: keyof typeof bounds) =>
    plain.filter(({ type, delta }) => catalogue[type].text === text && textLength(delta) <= shortText)
  const row = (what: string, text: keyof typeof bounds): Row => {
    const lengths = of(text).map((event) => synapCodec.encode(event).length)
    const spread = range(lengths)
    const target = { atMost: bounds[text] }
    return { what, unit: 'bytes', value: spread[1], count: lengths.length, spread, target }
  }
  return [
    row('largest framed event without free text', 'none'),
    row(`largest framed event with texts of at most ${shortText} characters`, 'short'),
  ]
}

const textLength = (delta: object) =>
  Object.entries(delta).reduce(
    (sum, [name, value]) => sum + (typeof value === 'string' && name !== 'tagId' ? value.length : 0),
    0,
  )

interface Packed {
  name: string
  bytesPerEvent: number
  microsPerEvent: number
}

function packAll(others: readonly MixedEvent[], events: readonly MixedEvent[], size: number): Packed[] {
  const batches: Buffer[] = []
  for (let at = 0; at + size <= events.length; at += size)
    batches.push(recordsOf(events.slice(at, at + size).map(recordOf)))
  const { packers } = packersOf(recordsOf(others.map(recordOf)))
  return packers.map((packer) => packBatches(packer, batches, batches.length * size))
}

function packBatches(packer: Packer, batches: readonly Buffer[], events: number): Packed {
  for (const batch of batches.slice(0, 10)) packer.pack(batch)
  const packing = startCpu()
  const packed = batches.map(packer.pack)
  const microsPerEvent = packing() / 1_000 / events
  for (const [index, batch] of batches.entries()) assertSame(packer, batch, packed[index] ?? Buffer.alloc(0))
  const bytes = packed.reduce((sum, { length }) => sum + length, 0)
  return { name: packer.name, bytesPerEvent: bytes / events, microsPerEvent }
}

function packedRows(packed: readonly Packed[], size: number): Row[] {
  const bytesOf = (name: string) => packed.find((one) => one.name === name)?.bytesPerEvent ?? Number.NaN
  const floor = packed.at(-1)
  const ratio = (what: string, to: number, target?: Row['target']): Row => ({
    what,
    unit: 'times',
    value: bytesOf(used.name) / to,
    count: 1,
    ...(target === undefined ? {} : { target }),
  })
  return [
    ratio(`${used.name} (the topic's) / ${best.name}, batches of ${size}`, bytesOf(best.name), {
      atMost: 1.1,
    }),
    ratio(`${used.name} / ${floor?.name ?? ''}, batches of ${size}`, floor?.bytesPerEvent ?? Number.NaN),
    ...packed.flatMap(({ name, bytesPerEvent, microsPerEvent }): Row[] => [
      {
        what: `with headers, batches of ${size}: ${name}`,
        unit: 'bytes/event',
        value: bytesPerEvent,
        count: 1,
      },
      ...(name === none.name
        ? []
        : [
            { what: `CPU of ${name}, batches of ${size}`, unit: 'µs/event', value: microsPerEvent, count: 1 },
          ]),
    ]),
  ]
}

function mixOf(events: readonly MixedEvent[]): string {
  const counts = new Map<string, number>()
  for (const { type } of events) counts.set(type, (counts.get(type) ?? 0) + 1)
  const share = (count: number) => `${Math.round((count / events.length) * 100)} %`
  return [...counts].map(([type, count]) => `${type} ${share(count)}`).join(', ')
}
