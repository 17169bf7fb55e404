import type { UserId } from '@synap/core'
import { type Client, query } from '@synap/postgres'
import { findEntityStates } from '../src/sql/entities.ts'
import type { Rows } from './reference.ts'

/** What the read model holds of a user, in the words of `foldPlainly`. */
export async function readRows(client: Client, userId: UserId): Promise<Rows> {
  const rows = <T>(text: string) => query<T>(client, { text, values: [userId] })
  const ids = await rows<{ entity_id: string; subject_sha256: string | null }>(
    'select entity_id, subject_sha256 from read_v1.entities where user_id = $1::uuid',
  )
  const states = await findEntityStates(
    client,
    'read_v1',
    ids.map((row) => row.entity_id),
  )
  const links = await rows<{ entity_id: string; tag_id: string; provenance: unknown }>(
    'select entity_id, tag_id, provenance from read_v1.entity_tags where user_id = $1::uuid order by tag_id',
  )
  const tags = await rows<{ tag_id: string; name: string; color: string | null }>(
    'select tag_id, name, color from read_v1.tags where user_id = $1::uuid',
  )
  const relations = await rows<{ relation_id: string }>(
    `select relation_id, type, source_id as source, target_id as target, deleted, version from read_v1.relations
     where user_id = $1::uuid`,
  )
  const [settings] = await rows<{ time_zone: string; language: string }>(
    'select time_zone, language from read_v1.user_settings where user_id = $1::uuid',
  )
  const purged = await rows<{ subject_id: string }>(
    'select subject_id from read_v1.purged where user_id = $1::uuid order by 1',
  )
  return {
    entities: Object.fromEntries(
      ids.map(({ entity_id: id, subject_sha256: subject }) => {
        const entity = states.get(id)
        if (entity === undefined) throw new Error('a row without a state')
        const { tags: _, aggregate: _aggregate, id: _id, purged: _purged, ...rest } = entity.state
        const own = links.filter((link) => link.entity_id === id)
        return [
          id,
          {
            ...rest,
            deletedAt: entity.deletedAt,
            subject,
            tags: Object.fromEntries(own.map((link) => [link.tag_id, link.provenance])),
          },
        ]
      }),
    ),
    tags: Object.fromEntries(tags.map(({ tag_id: id, name, color }) => [id, { name, color }])),
    relations: Object.fromEntries(relations.map(({ relation_id: id, ...ends }) => [id, ends])),
    settings: settings === undefined ? null : { timeZone: settings.time_zone, language: settings.language },
    purged: purged.map((row) => row.subject_id),
  }
}
