import type { EntityId, UserId } from '@synap/core'
import { z } from 'zod'
import {
  type Field,
  flag,
  int,
  list,
  nullable,
  record,
  sha256,
  text,
  textAs,
  uuid,
  type ValuesOf,
} from '../event/field.ts'
import { cleanText, limits } from '../text.ts'

const maxInt = 2_147_483_647
/** A block never holds more vectors, so that a record keeps far below the topic's bound. */
export const maxVectorsPerBlock = 64
/** Chunk places of one block of `Extracted`; longer documents take several blocks. */
export const maxChunksPerBlock = 4_096

/** Links of one content. */
export const maxLinks = 1_000

/** One segment of a key: no slash, no space, so that a key parses back. */
export const producerSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:+@-]{0,199}$/, 'must be a label of letters, digits and . _ : + @ -')

const floats: Field<Buffer> = {
  zod: z.instanceof(Buffer),
  avro: 'bytes',
  doc: 'The vector: IEEE 754 half precision, little endian, two bytes for each dimension.',
}

const place = {
  userId: uuid<UserId>('The user whose data this is.'),
  entityId: uuid<EntityId>('The entity it was made from.'),
  contentHash: sha256('SHA-256 of the content it was made from.'),
  producer: textAs('Who made it: extract@version, or model@dimensions@chunker.', producerSchema),
  block: int('0..n-1.', { min: 0, max: 100_000 }),
  blockCount: int('n. A block with count n deletes blocks at and above n.', { min: 1, max: 100_000 }),
}

const offset = (doc: string) => int(doc, { min: 0, max: maxInt })
const chunk = record('Chunk', 'A piece of the extracted text.', {
  index: offset('Number of the chunk in the whole text, from 0.'),
  start: offset('First character, in UTF-16 code units.'),
  end: offset('Behind the last character, in UTF-16 code units.'),
  byteStart: offset('First byte in UTF-8.'),
  byteEnd: offset('Behind the last byte in UTF-8.'),
})

const vector = record('ChunkVector', 'The embedding of a chunk.', {
  chunk: offset('Number of the chunk.'),
  start: offset('First character of the chunk, in UTF-16 code units.'),
  end: offset('Behind its last character, in UTF-16 code units.'),
  values: floats,
})

export const derivedRecords = {
  'synap.derived.Extracted': {
    doc: 'What extraction found in one content.',
    fields: {
      ...place,
      textKey: nullable(text('Object with the extracted text, UTF-8.', { min: 1, max: limits.objectKey })),
      language: nullable(text('BCP 47 tag of the language found.', { min: 2, max: limits.language })),
      analysable: flag('False when there is no text to analyse.'),
      reason: nullable(text('Why it is not analysable: a stable word.', { max: limits.label })),
      links: list(
        'Links found, in order.',
        { zod: cleanText(2_048, 1), avro: 'string', doc: 'A link.' },
        maxLinks,
      ),
      chunks: list('The chunks of this block, in order.', chunk, maxChunksPerBlock),
    },
  },
  'synap.derived.Embedded': {
    doc: 'Embeddings of one block of chunks.',
    fields: {
      ...place,
      model: text('The model that made the vectors.', { min: 1, max: limits.label }),
      dimensions: int('Dimensions of each vector.', { min: 1, max: 8_192 }),
      chunker: text('Version of the chunker.', { min: 1, max: limits.label }),
      vectors: list('At most 64.', vector, maxVectorsPerBlock),
    },
  },
  'synap.derived.ModelChosen': {
    doc: "The model by whose vectors a user's items are compared from here on, in the order of the partition.",
    fields: {
      ...place,
      model: text('The model, as it stands with the vectors.', { min: 1, max: limits.label }),
    },
  },
} as const

export type DerivedType = keyof typeof derivedRecords
export const derivedTypes = Object.keys(derivedRecords) as readonly DerivedType[]

export type Extracted = ValuesOf<(typeof derivedRecords)['synap.derived.Extracted']['fields']>
export type Embedded = ValuesOf<(typeof derivedRecords)['synap.derived.Embedded']['fields']>
export type ModelChosen = ValuesOf<(typeof derivedRecords)['synap.derived.ModelChosen']['fields']>
/** A record of the derived topic; `type` is the name of its Avro record. */
export type DerivedRecord =
  | ({ readonly type: 'synap.derived.Extracted' } & Extracted)
  | ({ readonly type: 'synap.derived.Embedded' } & Embedded)
  | ({ readonly type: 'synap.derived.ModelChosen' } & ModelChosen)
