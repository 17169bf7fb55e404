import type { AnalysisId, TagId } from '@synap/core'
import { defineEvents } from '../event/define-event.ts'
import { addedLater, meaning, nullable, text, textAs, uuid, vocabulary } from '../event/field.ts'
import { cleanText, limits } from '../text.ts'
import { entityTypes, suggestionFields } from '../vocabularies.ts'
import { attachment, fileReference } from './shared.ts'

const title = (doc: string) => nullable(text(doc, { min: 1, max: limits.title }))
/** Added after the types were published: of an older event it is not known. */
const oldPreview = addedLater(
  nullable(text('The preview before, so that it can be put back.', { max: limits.preview })),
  null,
)
/** Added after the types were published, as `oldPreview`. */
const timeZone = addedLater(
  nullable(
    text('IANA name, when it was given with the text: dates in it are meant there.', {
      min: 1,
      max: limits.timeZone,
    }),
  ),
  null,
)
const objectText = (max: number) => cleanText(max, 2).refine(isObjectText, 'must be a JSON object')

function isObjectText(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

const tag = {
  tagId: uuid<TagId>('Id of the tag, unique by user and normalised name.'),
  name: text('Name of the tag at that time.', { min: 1, max: limits.tagName }),
}

export const entityEvents = defineEvents({
  'entity.created': {
    aggregate: 'entity',
    doc: 'Something was captured.',
    text: 'short',
    fields: {
      type: vocabulary('note, task, project, page, event or idea.', entityTypes),
      title: title('Title, when one was given.'),
      timeZone,
    },
  },
  'entity.deleted': {
    aggregate: 'entity',
    doc: 'Hidden from every read but history; can be restored.',
    text: 'none',
    fields: {},
  },
  'entity.restored': { aggregate: 'entity', doc: 'A deletion was taken back.', text: 'none', fields: {} },
  'entity.purged': {
    aggregate: 'entity',
    doc: 'Gone for good: content, texts and vectors are removed from every store.',
    text: 'none',
    fields: {},
  },
  'entity.title_changed': {
    aggregate: 'entity',
    doc: 'A new title, or none.',
    text: 'short',
    fields: { title: title('The new title.'), oldTitle: title('The title before.') },
  },
  'entity.type_changed': {
    aggregate: 'entity',
    doc: 'It became another kind of thing; what is particular to the old kind is kept for the way back.',
    text: 'short',
    fields: {
      type: vocabulary('The new type.', entityTypes),
      oldType: vocabulary('The type before.', entityTypes),
    },
  },
  'entity.file_uploaded': {
    aggregate: 'entity',
    doc: 'The entity has new content.',
    text: 'more',
    fields: {
      file: meaning('The new content.', fileReference),
      oldFile: nullable(meaning('The content before, which stays readable.', fileReference)),
      preview: nullable(
        text('The beginning of text content: the one declared exception to "events carry no content".', {
          max: limits.preview,
        }),
      ),
      oldPreview,
      timeZone,
    },
  },
  'entity.file_deleted': {
    aggregate: 'entity',
    doc: 'The entity has no content any more.',
    text: 'more',
    fields: { oldFile: meaning('The content before, which stays readable.', fileReference), oldPreview },
  },
  'entity.attachment_added': {
    aggregate: 'entity',
    doc: 'A file was attached.',
    text: 'more',
    fields: { attachment },
  },
  'entity.attachment_removed': {
    aggregate: 'entity',
    doc: 'An attachment was taken off.',
    text: 'more',
    fields: { attachment: meaning('All of it, so that it can be put back.', attachment) },
  },
  'entity.tag_added': { aggregate: 'entity', doc: 'The entity has a tag more.', text: 'short', fields: tag },
  'entity.tag_removed': {
    aggregate: 'entity',
    doc: 'The entity has a tag less.',
    text: 'short',
    fields: tag,
  },
  'entity.suggestion_rejected': {
    aggregate: 'entity',
    doc: 'A person does not want this proposal of AI; it is never made again.',
    text: 'more',
    fields: {
      field: vocabulary(
        'title, type, summary, language, people, status, priority, due or tag.',
        suggestionFields,
      ),
      value: text('What was proposed; for a tag its name, for people their names, with commas.', {
        max: limits.summary,
      }),
      analysisId: nullable(uuid<AnalysisId>('The analysis that proposed it.')),
    },
  },
  'entity.updated': {
    aggregate: 'entity',
    doc: 'Metadata changed.',
    text: 'more',
    fields: {
      // Longer than what a client may send: a short value may have taken the place of a long one, and undo puts it back.
      patch: textAs('JSON merge patch (RFC 7396) of the metadata.', objectText(3 * limits.metadataJson)),
      inverse: textAs('The merge patch that takes it back.', objectText(3 * limits.metadataJson)),
    },
  },
})
