import type { EventType, Json, JsonObject } from '@synap/contracts'
import type { TagId } from '@synap/core'
import { canonicalTagId } from '../canonical-tag.ts'
import type { FoldEvent, FoldEventOf } from '../event.ts'
import { kindTouches } from '../kind-tables.ts'
import type { Path } from '../kinds/kind.ts'
import { isObject } from '../merge-patch.ts'
import type { UserState } from '../state.ts'

type User = Pick<UserState, 'tags'> | undefined
type Touches = { readonly [T in EventType]: (event: FoldEventOf<T>, user: User) => readonly Path[] }

const existence: readonly Path[] = [['existence']]
const none = () => []

const touches: Touches = {
  'entity.created': () => existence,
  'entity.deleted': () => existence,
  'entity.restored': () => existence,
  'entity.purged': () => existence,
  'entity.title_changed': () => [['title']],
  'entity.type_changed': () => [['type']],
  'entity.file_uploaded': () => [['content']],
  'entity.file_deleted': () => [['content']],
  'entity.attachment_added': ({ delta }) => [['attachment', delta.attachment.key]],
  'entity.attachment_removed': ({ delta }) => [['attachment', delta.attachment.key]],
  'entity.tag_added': ({ delta }, user) => [tagPath(user, delta.tagId)],
  'entity.tag_removed': ({ delta }, user) => [tagPath(user, delta.tagId)],
  'entity.suggestion_rejected': ({ delta }) =>
    delta.field === 'summary' || delta.field === 'language' || delta.field === 'people'
      ? [[delta.field]]
      : [],
  'entity.updated': ({ delta }) => [
    ...leavesOf(JSON.parse(delta.patch) as JsonObject, ['metadata']),
    ...leavesOf(JSON.parse(delta.inverse) as JsonObject, ['metadata']),
  ],
  'ai.enrichment_applied': ({ delta }, user) => [
    ...enrichedFields.filter((field) => delta[field] !== null).map((field) => [field]),
    ...delta.tagsAdded.map(({ tagId }) => tagPath(user, tagId)),
  ],
  'ai.analysis_requested': none,
  'ai.analysis_completed': none,
  'ai.analysis_failed': none,
  'relation.created': () => existence,
  'relation.deleted': () => existence,
  'tag.renamed': ({ delta }) => [['name of tag', delta.tagId]],
  'tag.recolored': ({ delta }) => [['colour of tag', delta.tagId]],
  'tag.merged': ({ delta }) => [
    ['name of tag', delta.tagId],
    ['colour of tag', delta.tagId],
  ],
  'user.settings_changed': ({ delta }) => [
    ...(delta.timeZone === delta.oldTimeZone ? [] : [['timeZone']]),
    ...(delta.language === delta.oldLanguage ? [] : [['language']]),
  ],
  'user.erased': () => existence,
  ...kindTouches,
}

export const enrichedFields = [
  'title',
  'type',
  'summary',
  'language',
  'people',
  'status',
  'priority',
  'due',
] as const

/** What an event changes of its aggregate. Tags count by what they are by now. */
export function touchedBy(event: FoldEvent, user: User): readonly Path[] {
  const touch = touches[event.type] as (event: FoldEvent, user: User) => readonly Path[]
  return touch(event, user)
}

/** The last of these events that changes something of what `paths` name, and what that is. */
export function lastTouching(
  paths: readonly Path[],
  events: readonly FoldEvent[],
  user: User,
): { readonly event: FoldEvent; readonly path: Path } | undefined {
  for (const event of [...events].reverse()) {
    const path = touchedBy(event, user).find((touched) => paths.some((wanted) => overlap(wanted, touched)))
    if (path !== undefined) return { event, path }
  }
  return undefined
}

/** One holds the other: who changes `mail` changes `mail.subject`. */
function overlap(a: Path, b: Path): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a]
  return short.every((part, index) => part === long[index])
}

function leavesOf(patch: Json, path: Path): readonly Path[] {
  if (!isObject(patch) || Object.keys(patch).length === 0) return [path]
  return Object.entries(patch).flatMap(([key, value]) => leavesOf(value, [...path, key]))
}

function tagPath(user: User, id: TagId): Path {
  return ['tag', canonicalTagId(user, id)]
}
