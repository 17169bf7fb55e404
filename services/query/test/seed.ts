import { type EntityId, isUuid, sha256Hex, type UserId, uuidv7 } from '@synap/core'
import { type Client, execute, type Pool, toVector, transaction } from '@synap/postgres'

export interface SeededEntity {
  userId: UserId
  /** Sequence of its last event, and the version. */
  sequence: number
  id?: EntityId
  type?: string
  title?: string | null
  /** Content and extracted text alike. */
  text?: string
  /** Files besides the content; each lies under `attachmentKeyOf`. */
  attachments?: readonly { key: string; name: string; text: string }[]
  tags?: readonly string[]
  task?: { status?: string; priority?: number; due?: string }
  /** Who is mentioned. */
  people?: readonly string[]
  /** By type. */
  particulars?: Readonly<Record<string, unknown>>
  version?: number
  deleted?: boolean
  createdAt?: string
  updatedAt?: string
  /** One vector per chunk of the whole text. */
  vectors?: readonly Float32Array[]
  model?: string
  language?: string
  /** Names of items that the text leads to; an id leads by id. */
  links?: readonly string[]
  /** Of the file it was imported from. */
  path?: string
}

const provenance = JSON.stringify({ by: 'user', eventId: uuidv7() })

/** Where the seeded content lies. */
export const contentKeyOf = (entity: { userId: string; id: string }) =>
  `users/${entity.userId}/notes/${entity.id}.md`
export const textKeyOf = (entity: { userId: string; id: string }) =>
  `users/${entity.userId}/derived/${entity.id}.txt`

/** Where a seeded attachment lies. */
export const attachmentKeyOf = (userId: string, key: string) => `users/${userId}/attachments/${key}`

/** Writes what the projector would have written. */
export async function seedEntity(pool: Pool, seeded: SeededEntity): Promise<EntityId> {
  const id = seeded.id ?? (uuidv7() as EntityId)
  await transaction(pool, { role: 'synap_projector' }, async (client) => {
    const run = (text: string, values: unknown[]) => execute(client, { text, values })
    await insertEntity(client, id, seeded)
    if (seeded.task !== undefined) {
      const { status = 'todo', priority = 0, due = null } = seeded.task
      await run(
        `insert into read_v1.task_details (entity_id, user_id, status, priority, due, due_day)
         values ($1, $2, $3, $4, $5, $6)`,
        [id, seeded.userId, status, priority, due, due?.slice(0, 10) ?? null],
      )
    }
    for (const name of seeded.tags ?? []) {
      const tagId = uuidv7()
      await run(`insert into read_v1.tags (tag_id, user_id, name, name_sequence) values ($1, $2, $3, 1)`, [
        tagId,
        seeded.userId,
        name,
      ])
      await run(
        `insert into read_v1.entity_tags (entity_id, tag_id, user_id, provenance) values ($1, $2, $3, $4)`,
        [id, tagId, seeded.userId, provenance],
      )
    }
    await insertDerived(client, id, seeded)
    await setSeen(client, seeded.userId, seeded.sequence)
  })
  return id
}

function attachmentsOf({ userId, attachments = [] }: SeededEntity): object[] {
  return attachments.map(({ key, name, text }) => ({
    key: attachmentKeyOf(userId, key),
    name,
    sha256: sha256Hex(text),
    size: Buffer.byteLength(text),
    contentType: 'text/plain; charset=utf-8',
    fileType: 'text',
    uploadedAt: 0,
  }))
}

async function insertEntity(client: Client, id: EntityId, seeded: SeededEntity): Promise<void> {
  const { userId, type = 'note', title = null, text } = seeded
  const hash = text === undefined ? null : sha256Hex(text)
  const createdAt = seeded.createdAt ?? '2026-11-20T10:00:00Z'
  await execute(client, {
    text: `
      insert into read_v1.entities (entity_id, user_id, type, title, preview, content_key, content_sha256, content_size,
        content_type, file_type, uploaded_at, subject_sha256, attachments, metadata, provenance, suggestions, rejected,
        version, sequence, created_at, updated_at, deleted_at, particulars, people)
      values ($1, $2, $3, $4, $5, $6, $7, $8, 'text/markdown', 'markdown', $9, $10, $16, $17, '{}', '[]', '[]', $11,
        $12, $9, $13, $14, $15, $18)`,
    values: [
      id,
      userId,
      type,
      title,
      text?.slice(0, 200) ?? null,
      text === undefined ? null : contentKeyOf({ userId, id }),
      hash,
      text === undefined ? null : Buffer.byteLength(text),
      createdAt,
      hash ?? (title === null ? null : sha256Hex(title)),
      seeded.version ?? 1,
      seeded.sequence,
      seeded.updatedAt ?? createdAt,
      seeded.deleted === true ? createdAt : null,
      JSON.stringify(seeded.particulars ?? {}),
      JSON.stringify(attachmentsOf(seeded)),
      JSON.stringify(seeded.path === undefined ? {} : { path: seeded.path }),
      JSON.stringify(seeded.people ?? []),
    ],
  })
}

/** Characters of a text whose words are found: all of what tests search. Those of megabytes are cut for seconds on a slow machine. */
const wordsOf = 100_000

async function insertDerived(client: Client, id: EntityId, seeded: SeededEntity): Promise<void> {
  const { userId, title = null, text, vectors = [], model = 'test-model', language = 'en' } = seeded
  const run = (statement: string, values: unknown[]) => execute(client, { text: statement, values })
  if (seeded.deleted !== true) {
    await run(
      `insert into read_v1.entity_lexemes (entity_id, user_id, config, lexemes, names)
       select $1, $2, c, read_v1.to_lexemes(c, $3::text, 'A') || read_v1.to_lexemes(c, $4::text, 'B')
         || read_v1.to_lexemes(c, $5::text, 'C'), read_v1.to_names($3::text, $4::text, array[c]) from read_v1.text_config($6) as c`,
      [id, userId, title, (seeded.tags ?? []).join(' '), text?.slice(0, wordsOf) ?? null, language],
    )
  }
  if (text === undefined) return
  const bytes = Buffer.byteLength(text)
  const chunks =
    vectors.length === 0 ? [] : [{ index: 0, start: 0, end: text.length, byteStart: 0, byteEnd: bytes }]
  await run(
    `insert into read_v1.entity_texts (entity_id, content_sha256, producer, block, block_count, user_id, text_key,
       language, config, links, chunks, analysable)
     values ($1, $2, 'extract@1', 0, 1, $3, $4, $5, read_v1.text_config($5), '[]', $6, true)`,
    [id, sha256Hex(text), userId, textKeyOf({ userId, id }), language, JSON.stringify(chunks)],
  )
  await seedLinks(client, { id, userId, hash: sha256Hex(text) }, seeded.links ?? [])
  if (vectors.length === 0 && seeded.deleted !== true)
    await run(`insert into read_v1.unsearchable (entity_id, user_id, content_sha256) values ($1, $2, $3)`, [
      id,
      userId,
      sha256Hex(text),
    ])
  for (const [chunk, vector] of vectors.entries()) {
    await run(
      `insert into read_v1.entity_vectors (entity_id, content_sha256, producer, block, chunk, user_id, model,
         char_start, char_end, embedding)
       values ($1, $2, $3, 0, $4, $5, $6, 0, $7, $8::public.halfvec)`,
      [id, sha256Hex(text), `${model}@1536@c`, chunk, userId, model, text.length, toVector(vector)],
    )
    await run(
      `insert into read_v1.user_models as m (user_id, model, vectors) values ($1, $2, 1)
       on conflict (user_id, model) do update set vectors = m.vectors + 1`,
      [userId, model],
    )
  }
}

/** What the projector makes of the links of an extraction; `hash` is of the content, 'extract@1' the producer. */
export async function seedLinks(
  client: Client,
  { id, userId, hash }: { id: EntityId; userId: UserId; hash: string },
  names: readonly string[],
  producer = 'extract@1',
): Promise<void> {
  for (const [position, name] of names.entries()) {
    const target = isUuid(name) ? name : null
    await execute(client, {
      text: `insert into read_v1.entity_links (entity_id, content_sha256, producer, block, position, user_id, kind,
          target, name, target_id)
        values ($1, $2, $3, 0, $4, $5, 'wiki', $6, case when $7::uuid is null then read_v1.link_name($6) end, $7)`,
      values: [id, hash, producer, position, userId, name, target],
    })
  }
}

export interface SeededRelation {
  userId: UserId
  id?: string
  type?: string
  source: string
  target: string
  createdAt?: string
  deleted?: boolean
}

/** As `seedEntity`, of a relation. */
export async function seedRelation(pool: Pool, seeded: SeededRelation): Promise<string> {
  const { userId, id = uuidv7(), type = 'relates_to', source, target, deleted = false } = seeded
  await transaction(pool, { role: 'synap_projector' }, (client) =>
    execute(client, {
      text: `insert into read_v1.relations (relation_id, user_id, type, source_id, target_id, version, sequence,
          created_at, updated_at, deleted)
        values ($1, $2, $3, $4, $5, 1, 1, $6, $6, $7)`,
      values: [id, userId, type, source, target, seeded.createdAt ?? '2026-11-20T10:00:00Z', deleted],
    }),
  )
  return id
}

/** Moves the position of a user and tells those who wait. */
export async function setSeen(client: Client, userId: UserId, seen: number): Promise<void> {
  await execute(client, {
    text: `insert into read_v1.user_positions as p (user_id, seen) values ($1, $2)
      on conflict (user_id) do update set seen = greatest(p.seen, excluded.seen)`,
    values: [userId, seen],
  })
  await execute(client, { text: 'notify read_positions' })
}

/** An event of the user that could not be applied. */
export async function park(
  pool: Pool,
  userId: UserId,
  slot: { sequence: number; aggregateId: string },
): Promise<void> {
  await transaction(pool, { role: 'synap_projector' }, (client) =>
    execute(client, {
      text: `insert into read_v1.parked (user_id, aggregate_id, sequence, version, reason, slot)
        values ($1, $2, $3, 2, 'undecodable', true)`,
      values: [userId, slot.aggregateId, slot.sequence],
    }),
  )
}
