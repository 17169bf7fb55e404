import type { AnalysisId, EntityId, TagId } from '@synap/core'
import { defineEvents } from '../event/define-event.ts'
import {
  addedLater,
  flag,
  int,
  list,
  long,
  meaning,
  nullable,
  ratio,
  record,
  sha256,
  text,
  uuid,
  type ValueOf,
  vocabulary,
} from '../event/field.ts'
import { limits } from '../text.ts'
import { entityTypes, suggestionFields } from '../vocabularies.ts'

const label = (doc: string) => text(doc, { min: 1, max: limits.label })
const count = (doc: string) => nullable(int(doc, { min: 0, max: 2_147_483_647 }))
const confidence = ratio('How sure the model is, 0 to 1.')

const job = {
  entityId: uuid<EntityId>('The entity that is analysed.'),
  contentHash: sha256('SHA-256 of the content that is analysed.'),
  enricherVersion: label('Version of the enricher.'),
  run: int('0, or the number of the run that a person asked for.', { min: 0, max: 1_000_000 }),
}
const producer = {
  model: label('The model that answered.'),
  promptVersion: label('Version of the prompt.'),
  offline: flag('True for the deterministic provider without a model.'),
}

const used = {
  inputTokens: count('Tokens read, when the provider counts them.'),
  outputTokens: count('Tokens written, when the provider counts them.'),
  costMicros: nullable(long('Cost in millionths of a US dollar, when known.', { min: 0 })),
}

const textSpan = record('TextSpan', 'Where something stands in the text that was read.', {
  start: int('First UTF-16 code unit.', { min: 0, max: 2_147_483_647 }),
  end: int('The one after the last.', { min: 0, max: 2_147_483_647 }),
})
export type TextSpan = ValueOf<typeof textSpan>

const intent = record('Intent', 'What a text was taken for.', {
  kind: vocabulary('note, task, project, page, event or idea.', entityTypes),
  confidence,
  span: nullable(meaning('The words that say so.', textSpan)),
})

const textChange = record('TextChange', 'A text that AI set.', {
  value: text('The new value.', { min: 1, max: limits.summary }),
  old: nullable(text('The value before.', { max: limits.summary })),
  confidence,
})
export type TextChange = ValueOf<typeof textChange>

const priorityChange = record('PriorityChange', 'A priority that AI set.', {
  value: int('0 (none) to 3 (highest).', { min: 0, max: 3 }),
  old: int('The priority before.', { min: 0, max: 3 }),
  confidence,
})

const names = (doc: string) => list(doc, text('A name.', { min: 1, max: limits.personName }), limits.people)

const peopleChange = record('PeopleChange', 'Names of people that AI set.', {
  value: names('The people who are mentioned, in the order in which they first are.'),
  old: names('The names before.'),
  confidence,
})
export type PeopleChange = ValueOf<typeof peopleChange>

const tagProposal = record('TagAddition', 'A tag that AI added.', {
  tagId: uuid<TagId>('Id of the tag.'),
  name: text('Name of the tag at that time.', { min: 1, max: limits.tagName }),
  confidence,
})

const suggestion = record('Suggestion', 'A value that AI proposes but did not set.', {
  field: vocabulary(
    'title, type, summary, language, people, status, priority, due or tag.',
    suggestionFields,
  ),
  value: text('The proposed value; for a tag its name, for people their names, with commas.', {
    min: 1,
    max: limits.summary,
  }),
  confidence,
})
export type Suggestion = ValueOf<typeof suggestion>

const change = (doc: string) => nullable(meaning(doc, textChange))

export const aiEvents = defineEvents({
  'ai.analysis_requested': {
    aggregate: 'analysis',
    doc: 'Someone asked for a (new) analysis.',
    text: 'more',
    fields: job,
  },
  'ai.analysis_completed': {
    aggregate: 'analysis',
    doc: 'An analysis was recorded, whether or not it changed the entity.',
    text: 'more',
    fields: {
      ...job,
      basedOnVersion: int('Version of the entity that the analysis read.', { min: 1, max: 2_147_483_647 }),
      ...producer,
      ...used,
      timeZone: addedLater(
        nullable(text('IANA name: where dates were taken to be meant.', { min: 1, max: limits.timeZone })),
        null,
      ),
      intent: addedLater(nullable(meaning('What the text was taken for.', intent)), null),
      dueSpan: addedLater(nullable(meaning('The words that a date was read from.', textSpan)), null),
    },
  },
  'ai.analysis_failed': {
    aggregate: 'analysis',
    doc: 'An analysis was given up.',
    text: 'more',
    fields: {
      ...job,
      basedOnVersion: int('Version of the entity that the analysis read.', { min: 1, max: 2_147_483_647 }),
      ...producer,
      code: label('Stable error code.'),
      detail: nullable(text('One line for a person; neither content nor secrets.', { max: 200 })),
      inputTokens: addedLater(used.inputTokens, null),
      outputTokens: addedLater(used.outputTokens, null),
      costMicros: addedLater(used.costMicros, null),
    },
  },
  'ai.enrichment_applied': {
    aggregate: 'entity',
    doc: 'AI set fields that no person had set. Fields it left alone are null.',
    text: 'more',
    fields: {
      analysisId: uuid<AnalysisId>('The analysis this comes from.'),
      contentHash: sha256('SHA-256 of the content that was analysed.'),
      ...producer,
      title: change('The title that was set.'),
      type: change('The type that was set.'),
      summary: change('The summary that was set.'),
      language: change('The language that was found, BCP 47.'),
      status: change('The task status that was set.'),
      priority: nullable(meaning('The task priority that was set.', priorityChange)),
      due: change('The due date that was set: a day or an instant.'),
      tagsAdded: list('The tags that were added.', tagProposal, limits.tagsPerEntity),
      suggestions: list('What it proposes but did not set.', suggestion, 100),
      people: addedLater(
        nullable(meaning('The names of people that were found in the text.', peopleChange)),
        null,
      ),
    },
  },
})
