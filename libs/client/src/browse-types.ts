import type {
  EntityList,
  Graph,
  LinkList,
  Related,
  RelationList,
  RelationType,
  RelationView,
  Settings,
  Stats,
  TagList,
  TaskStatus,
} from '@synap/contracts'
import type { EntityId, RelationId } from '@synap/core'
import type { Read, ReadOptions } from './types.ts'

interface PageOptions extends ReadOptions {
  limit?: number
  cursor?: string
}

export interface TagsOptions extends PageOptions {
  /** Only tags whose name begins so, whatever the case. */
  prefix?: string
}

export interface TasksOptions extends PageOptions {
  /** `open` (to do or in progress) by default. */
  status?: TaskStatus | 'open' | 'any'
  tag?: string
  /** Days, both left out. */
  dueBefore?: string
  dueAfter?: string
}

export interface RelationsOptions extends PageOptions {
  /** Only those of this item. */
  entity?: EntityId
  /** Seen from `entity`: `out` where it is the source, `in` where it is the target. */
  direction?: 'in' | 'out' | 'both'
  type?: RelationType
}

export interface GraphOptions extends ReadOptions {
  /** Steps from the item, 1 to 5; 1 by default. */
  depth?: number
  type?: RelationType
  /** Items at most, the one that is asked about included; 100 by default. */
  limit?: number
}

export interface LinksOptions extends PageOptions {
  /** `out` by default: what its text leads to; `in`: whose text leads to it. */
  direction?: 'in' | 'out'
}

/** The API of query about tags, tasks, relations and the user; rejects like `IngestClient`. */
export interface BrowseClient {
  /** By name, with colours and counts. */
  tags(options?: TagsOptions): Promise<Read<TagList>>
  /** What is due first first. */
  tasks(options?: TasksOptions): Promise<Read<EntityList>>
  /** Newest first, between items that are there and not deleted. */
  relations(options?: RelationsOptions): Promise<Read<RelationList>>
  relation(id: RelationId, options?: ReadOptions): Promise<Read<RelationView>>
  /** What is connected with an item, in both directions. */
  graph(id: EntityId, options?: GraphOptions): Promise<Read<Graph>>
  /** Links that texts write: what an item's leads to, or whose leads to it. */
  links(id: EntityId, options?: LinksOptions): Promise<Read<LinkList>>
  /** Items that say something like it, by the vectors that there are. */
  related(id: EntityId, options?: ReadOptions & { limit?: number }): Promise<Read<Related>>
  /** How many of the user's items are searchable, what waits, and what failed and why. */
  stats(options?: ReadOptions): Promise<Read<Stats>>
  /** The user of the client: id, time zone, language. */
  settings(options?: ReadOptions): Promise<Read<Settings>>
}
