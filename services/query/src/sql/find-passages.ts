import { type Client, query } from '@synap/postgres'
import { lookUp } from './look-up.ts'

/** Where the text of a hit lies. */
export interface PassagePlace {
  entity_id: string
  /** Object with the extracted text. */
  text_key: string
  /** Text search configuration of its language. */
  config: string
  /** Bytes of the chunk asked for, end exclusive; null when the text has no such chunk. */
  byte_start: number | null
  byte_end: number | null
  /** The same in UTF-16 code units. */
  char_start: number | null
  char_end: number | null
}

/** The extracted texts of entities' current content, with the place of one chunk in each. */
export async function findPassages(
  client: Client,
  schema: string,
  hits: readonly { entity_id: string; chunk: number | null }[],
): Promise<PassagePlace[]> {
  return query<PassagePlace>(client, {
    name: `${schema}.find_passages`,
    text: `
      select h.entity_id, t.text_key, t.config, (c.chunk ->> 'byteStart')::int as byte_start,
        (c.chunk ->> 'byteEnd')::int as byte_end, (c.chunk ->> 'start')::int as char_start,
        (c.chunk ->> 'end')::int as char_end
      from unnest($1::uuid[], $2::int[]) as h(entity_id, chunk)
      ${lookUp(schema, 'entities', 'e', 'e.entity_id = h.entity_id')}
      join lateral (
        select texts.* from ${schema}.own_entity_texts as texts
        where texts.entity_id = h.entity_id and texts.content_sha256 = e.subject_sha256 and texts.block = 0
          and texts.text_key is not null
        -- The one whose words were found: as the projector chooses.
        order by substring(texts.producer from '@([0-9]{1,9})$')::int desc nulls last, texts.producer desc limit 1
      ) as t on true
      left join lateral (
        select chunks.chunk from ${schema}.own_entity_texts as blocks, jsonb_array_elements(blocks.chunks) as chunks(chunk)
        where blocks.entity_id = t.entity_id and blocks.content_sha256 = t.content_sha256
          and blocks.producer = t.producer and (chunks.chunk ->> 'index')::int = h.chunk
        limit 1
      ) as c on true`,
    values: [hits.map((hit) => hit.entity_id), hits.map((hit) => hit.chunk)],
  })
}
