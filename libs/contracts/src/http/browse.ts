import type { RelationId, TagId } from '@synap/core'
import { z } from 'zod'
import { idSchema } from '../event/field.ts'
import { cleanText, limits } from '../text.ts'
import { entityTypes, relationTypes, taskStatuses } from '../vocabularies.ts'
import { readOptions } from './entity.ts'
import { linkList } from './links.ts'
import {
  entityIdSchema,
  queryInt,
  sequenceNumber,
  tagNameText,
  timeText,
  userIdSchema,
  versionNumber,
} from './shared.ts'

const cursor = cleanText(limits.cursor, 1).optional()

/** `GET /v1/tags` */
export const tagsQuery = z.strictObject({
  ...readOptions,
  /** Tags whose name begins so, whatever the case. */
  prefix: tagNameText.optional(),
  limit: queryInt(1, 1_000).optional(),
  cursor,
})

export const tagSchema = z
  .strictObject({
    id: idSchema<TagId>(),
    name: z.string(),
    color: z.string().nullable().meta({ description: '`#rrggbb`' }),
    count: z.int().min(0).meta({ description: 'Items that have it and are not deleted.' }),
  })
  .meta({ id: 'Tag' })
export type TagView = z.infer<typeof tagSchema>

export const tagList = z
  .strictObject({ items: z.array(tagSchema), next: z.string().nullable() })
  .meta({ id: 'TagList' })
export type TagList = z.infer<typeof tagList>

/** `GET /v1/relations` */
export const relationsQuery = z.strictObject({
  ...readOptions,
  /** Only those of this item. */
  entity: entityIdSchema.optional(),
  /** Seen from `entity`: `out` where it is the source, `in` where it is the target. */
  direction: z.enum(['in', 'out', 'both']).optional(),
  type: z.enum(relationTypes).optional(),
  limit: queryInt(1, 200).optional(),
  cursor,
})
export type RelationsQuery = z.infer<typeof relationsQuery>

export const relationSchema = z
  .strictObject({
    id: idSchema<RelationId>(),
    type: z.enum(relationTypes),
    source: entityIdSchema,
    target: entityIdSchema,
    version: versionNumber,
    sequence: sequenceNumber,
    createdAt: timeText,
  })
  .meta({ id: 'Relation' })
export type RelationView = z.infer<typeof relationSchema>

export const relationList = z
  .strictObject({ items: z.array(relationSchema), next: z.string().nullable() })
  .meta({ id: 'RelationList' })
export type RelationList = z.infer<typeof relationList>

/** `GET /v1/entities/{id}/graph` */
export const graphQuery = z.strictObject({
  ...readOptions,
  /** Steps from the item, 1 by default. */
  depth: queryInt(1, 5).optional(),
  type: z.enum(relationTypes).optional(),
  /** Items at most, the one that is asked about included; 100 by default. */
  limit: queryInt(1, 500).optional(),
})
export type GraphQuery = z.infer<typeof graphQuery>

export const graphResponse = z
  .strictObject({
    nodes: z.array(
      z.strictObject({
        id: entityIdSchema,
        type: z.enum(entityTypes),
        title: z.string().nullable(),
        preview: z.string().nullable(),
        distance: z.int().min(0).meta({ description: 'Steps from the item that was asked about.' }),
      }),
    ),
    edges: z.array(relationSchema),
    truncated: z.boolean().meta({ description: 'True when the limit left something out.' }),
    links: linkList.meta({
      description: 'What the text of the item leads to; `next` goes on at `/v1/entities/{id}/links`.',
    }),
    backlinks: linkList.meta({
      description: 'Whose text leads to the item; `next` goes on there with `direction=in`.',
    }),
  })
  .meta({ id: 'Graph' })
export type Graph = z.infer<typeof graphResponse>

/** `GET /v1/tasks`: those that are open unless another status is asked for, most urgent first. */
export const tasksQuery = z.strictObject({
  ...readOptions,
  status: z.enum([...taskStatuses, 'open', 'any']).optional(),
  tag: tagNameText.optional(),
  /** Days, both left out. */
  due_before: z.iso.date().optional(),
  due_after: z.iso.date().optional(),
  limit: queryInt(1, 200).optional(),
  cursor,
})
export type TasksQuery = z.infer<typeof tasksQuery>

/** `GET /v1/me` */
export const settingsResponse = z
  .strictObject({
    id: userIdSchema,
    timeZone: z.string().nullable(),
    language: z.string().nullable(),
  })
  .meta({ id: 'Settings' })
export type Settings = z.infer<typeof settingsResponse>
