import { type AnalysisId, type EntityId, type TagId, uuidv5 } from '@synap/core'
import type { DeltaOf, EventType } from '../catalogue.ts'
import { kindSamples } from '../kind-tables.ts'

const namespace = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'
const id = (name: string) => uuidv5(namespace, name)
const entityId = id('entity') as EntityId
const tagId = id('tag') as TagId
const analysisId = id('analysis') as AnalysisId
const sha256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'

const file = {
  key: `users/${id('user')}/notes/${id('entity')}.9f86d081884c7d65.md`,
  sha256,
  size: 1_234,
  contentType: 'text/markdown',
  fileType: 'markdown',
  uploadedAt: 1_795_226_361_801,
} as const
const attachment = {
  ...file,
  key: `users/${id('user')}/attachments/${id('entity')}-9f86d081884c7d65-tea.pdf`,
  name: 'tea.pdf',
}
const job = { entityId, contentHash: sha256, enricherVersion: '1', run: 0 } as const
const producer = { model: 'gpt-5-mini', promptVersion: '1', offline: false } as const
const ends = { type: 'mentions', sourceId: entityId, targetId: id('other') as EntityId } as const

/** One usual delta of each type; "short text" is what people really type: a few words. */
export const sampleDeltas: { readonly [T in EventType]: DeltaOf<T> } = {
  'entity.created': { type: 'note', title: 'Buy milk', timeZone: null },
  'entity.deleted': {},
  'entity.restored': {},
  'entity.purged': {},
  'entity.title_changed': { title: 'Buy oat milk', oldTitle: 'Buy milk' },
  'entity.type_changed': { type: 'task', oldType: 'note' },
  'entity.file_uploaded': {
    file,
    oldFile: null,
    preview: 'Buy milk tomorrow',
    oldPreview: null,
    timeZone: null,
  },
  'entity.file_deleted': { oldFile: file, oldPreview: null },
  'entity.attachment_added': { attachment },
  'entity.attachment_removed': { attachment },
  'entity.tag_added': { tagId, name: 'errands' },
  'entity.tag_removed': { tagId, name: 'errands' },
  'entity.suggestion_rejected': { field: 'tag', value: 'dairy', analysisId },
  'entity.updated': { patch: '{"source":"import"}', inverse: '{"source":null}' },
  ...kindSamples,
  'relation.created': ends,
  'relation.deleted': ends,
  'tag.renamed': { tagId, name: 'errands', oldName: 'errand' },
  'tag.recolored': { tagId, color: '#336699', oldColor: null },
  'tag.merged': { tagId, name: 'errand', intoId: id('other tag') as TagId, intoName: 'errands' },
  'user.settings_changed': {
    timeZone: 'Europe/Berlin',
    oldTimeZone: null,
    language: 'de',
    oldLanguage: null,
  },
  'user.erased': {},
  'ai.analysis_requested': job,
  'ai.analysis_completed': {
    ...job,
    basedOnVersion: 2,
    ...producer,
    inputTokens: 412,
    outputTokens: 86,
    costMicros: 310,
    timeZone: 'Europe/Berlin',
    intent: { kind: 'task', confidence: 0.97, span: { start: 0, end: 3 } },
    dueSpan: { start: 9, end: 17 },
  },
  'ai.analysis_failed': {
    ...job,
    basedOnVersion: 2,
    ...producer,
    code: 'model.refused',
    detail: null,
    inputTokens: 412,
    outputTokens: 12,
    costMicros: 127,
  },
  'ai.enrichment_applied': {
    analysisId,
    contentHash: sha256,
    ...producer,
    title: { value: 'Buy milk', old: null, confidence: 0.9 },
    type: { value: 'task', old: 'note', confidence: 0.97 },
    summary: null,
    language: { value: 'en', old: null, confidence: 0.99 },
    status: null,
    priority: null,
    due: { value: '2026-11-22', old: null, confidence: 0.95 },
    tagsAdded: [{ tagId, name: 'errands', confidence: 0.8 }],
    suggestions: [],
    people: { value: ['Ana', 'Dr. Novak'], old: [], confidence: 0.7 },
  },
}
