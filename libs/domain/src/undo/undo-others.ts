import type { DeltaOf } from '@synap/contracts'
import { colorOf, nameRefusal, type RegisteredTag, tagRefusal } from '../decide/change-tag.ts'
import { settingsFacts } from '../decide/change-user.ts'
import type { Refused } from '../decide/refusal.ts'
import { endRefusal } from '../decide/relate.ts'
import type { AnalysisEventType, Fact, RelationEventType, UserEventType } from '../event.ts'
import type { EntityState, UserState } from '../state.ts'

interface Ends {
  readonly source: EntityState | undefined
  readonly target: EntityState | undefined
}

export const undoRelation: {
  readonly [T in RelationEventType]: (delta: DeltaOf<T>, ends: Ends) => readonly Fact[] | Refused
} = {
  'relation.created': (delta) => [{ type: 'relation.deleted', delta }],
  'relation.deleted': (delta, { source, target }) =>
    endRefusal('source', source) ?? endRefusal('target', target) ?? [{ type: 'relation.created', delta }],
}

/** `holder` is the tag that has the name which a renaming is to bring back. */
export const undoUser: {
  readonly [T in UserEventType]:
    | ((delta: DeltaOf<T>, user: UserState, holder: RegisteredTag | undefined) => readonly Fact[] | Refused)
    | string
} = {
  'tag.renamed': ({ tagId, name, oldName }, user, holder) =>
    tagRefusal(user, tagId, { id: tagId, name }) ??
    nameRefusal(user, tagId, holder) ?? [
      { type: 'tag.renamed', delta: { tagId, name: oldName, oldName: user.tags[tagId]?.name ?? name } },
    ],
  'tag.recolored': ({ tagId, oldColor }, user) => [
    { type: 'tag.recolored', delta: { tagId, color: oldColor, oldColor: colorOf(user, tagId) } },
  ],
  'tag.merged':
    'Which entities had which of the two tags is not kept: make the tag again and put it where it belongs.',
  'user.settings_changed': ({ timeZone, oldTimeZone, language, oldLanguage }, user) =>
    settingsFacts(user, {
      timeZone: timeZone === oldTimeZone ? undefined : oldTimeZone,
      language: language === oldLanguage ? undefined : oldLanguage,
    }),
  'user.erased': 'Everything of the user is gone from every store: there is nothing to bring back.',
}

const bookkeeping =
  'This is book-keeping of AI and changes nothing: undo the ai.enrichment_applied that came of it.'
export const undoAnalysis: { readonly [T in AnalysisEventType]: string } = {
  'ai.analysis_requested': bookkeeping,
  'ai.analysis_completed': bookkeeping,
  'ai.analysis_failed': bookkeeping,
}
