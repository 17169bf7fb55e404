import type { EntityId } from '@synap/core'
import type { Client } from '@synap/postgres'
import { type EntityRow, findEntities } from './sql/find-entities.ts'
import { findRelationsOf, type RelationRow } from './sql/find-relations.ts'

export interface WalkLimits {
  /** Steps. */
  depth: number
  type: string | undefined
  /** Entities at most, the first one included. */
  limit: number
}

export interface WalkedGraph {
  /** Nearest first. */
  nodes: { row: EntityRow; distance: number }[]
  /** Between these nodes. */
  edges: RelationRow[]
  truncated: boolean
}

/** Relations that one step looks at, for each entity that may be answered. */
const relationsPerNode = 10

/** Breadth first from an entity, one question a step; undefined when it is not there. */
export async function walkGraph(
  client: Client,
  schema: string,
  start: EntityId,
  { depth, type, limit }: WalkLimits,
): Promise<WalkedGraph | undefined> {
  const [first] = await findEntities(client, schema, [start])
  if (first === undefined) return undefined
  const distances = new Map<string, number>([[start, 0]])
  const edges = new Map<string, RelationRow>()
  let truncated = false
  let frontier: string[] = [start]
  // The last step adds no node: it finds what connects those that are there.
  for (let distance = 1; distance <= depth + 1 && frontier.length > 0; distance += 1) {
    const most = limit * relationsPerNode
    const found = await findRelationsOf(client, schema, { entities: frontier, type, limit: most + 1 })
    if (found.length > most) truncated = true
    const next: string[] = []
    for (const relation of found.slice(0, most)) {
      for (const id of [relation.source_id, relation.target_id]) {
        if (distances.has(id) || distance > depth) continue
        if (distances.size >= limit) truncated = true
        else {
          distances.set(id, distance)
          next.push(id)
        }
      }
      edges.set(relation.relation_id, relation)
    }
    frontier = next
  }
  const rows = await findEntities(client, schema, [...distances.keys()])
  const byId = new Map(rows.map((row) => [row.entity_id, row]))
  return {
    nodes: [...distances].flatMap(([id, distance]) => {
      const row = byId.get(id)
      return row === undefined ? [] : [{ row, distance }]
    }),
    edges: [...edges.values()].filter(
      ({ source_id: source, target_id: target }) => distances.has(source) && distances.has(target),
    ),
    truncated,
  }
}
