import type { Json, JsonObject } from '@synap/contracts'
import type { LoggedEvent } from '@synap/event-log'

/** One field that an event changed. */
export interface FieldChange {
  field: string
  from: Json
  to: Json
}

export interface Description {
  /** One sentence for a person. */
  summary: string
  changes: FieldChange[]
}

/**
 * What an event did, in words. The delta is as it was written, perhaps by another version: nothing is expected of it. A
 * type without words of its own is told by its name and by the fields that have a twin: `streak` and `oldStreak`.
 */
export function describeEvent({ type, delta }: Pick<LoggedEvent, 'type' | 'delta'>): Description {
  return describers[type]?.(delta) ?? { summary: wordsOf(type), changes: twins(delta) }
}

type Describe = (delta: JsonObject) => Description

const plain =
  (summary: string): Describe =>
  () => ({ summary, changes: [] })

const wordOf = (value: Json | undefined) => (typeof value === 'string' ? value : JSON.stringify(value ?? '?'))
const quoted = (value: Json | undefined): string =>
  typeof value === 'string'
    ? `“${value}”`
    : Array.isArray(value)
      ? value.map(quoted).join(', ')
      : wordOf(value)
const objectOf = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
const listOf = (value: Json | undefined): JsonObject[] => (Array.isArray(value) ? value.map(objectOf) : [])
const change = (field: string, from: Json | undefined, to: Json | undefined): FieldChange => ({
  field,
  from: from ?? null,
  to: to ?? null,
})

/** A field that may have no value, before and after. */
function turned(name: string, field: string, from: Json | undefined, to: Json | undefined): Description {
  const had = from ?? null
  const has = to ?? null
  const summary =
    has === null
      ? `${name} removed`
      : had === null
        ? `${name} set to ${quoted(has)}`
        : `${name} changed from ${quoted(had)} to ${quoted(has)}`
  return { summary, changes: [change(field, had, has)] }
}

const fileName = (file: Json | undefined) => {
  const { name, contentType, size } = objectOf(file)
  return typeof name === 'string'
    ? quoted(name)
    : `${wordOf(contentType ?? 'file')}, ${wordOf(size ?? '?')} bytes`
}

const meantIn = (timeZone: Json | undefined) => (typeof timeZone === 'string' ? `, dates in ${timeZone}` : '')

/** What a text was taken for, from which of its words, and where its date was taken to be meant. */
function describeAnalysis({ timeZone, intent, dueSpan }: JsonObject): Description {
  const { kind, span } = objectOf(intent)
  const said = [
    ...(typeof kind === 'string' ? [`as ${kind}${at(span)}`] : []),
    ...(at(dueSpan) === '' ? [] : [`date${at(dueSpan)}${meantIn(timeZone)}`]),
  ]
  return { summary: ['Analysed', said.join(', ')].filter(Boolean).join(' '), changes: [] }
}

/** A place in a text; empty where there is none. */
function at(span: Json | undefined): string {
  const { start, end } = objectOf(span)
  return typeof start === 'number' && typeof end === 'number' ? ` from characters ${start}–${end}` : ''
}

/** The fields of a delta that say what they were before. */
function twins(delta: JsonObject): FieldChange[] {
  return Object.entries(delta).flatMap(([field, to]) => {
    const old = `old${field.charAt(0).toUpperCase()}${field.slice(1)}`
    return Object.hasOwn(delta, old) ? [change(field, delta[old], to)] : []
  })
}

/** Metadata is patched; the inverse patch says what was there before. */
function patched({ patch, inverse }: JsonObject): FieldChange[] {
  const parse = (text: Json | undefined): JsonObject => {
    try {
      return typeof text === 'string' ? objectOf(JSON.parse(text) as Json) : {}
    } catch {
      return {}
    }
  }
  const before = parse(inverse)
  return Object.entries(parse(patch)).map(([name, to]) => change(`metadata.${name}`, before[name], to))
}

const enriched = ['title', 'type', 'summary', 'language', 'people', 'status', 'priority', 'due'] as const

function describeEnrichment(delta: JsonObject): Description {
  const changes: FieldChange[] = enriched.flatMap((field) => {
    const set = delta[field]
    if (set === null || set === undefined) return []
    const { old, value } = objectOf(set)
    return [change(field, old, value)]
  })
  for (const { name } of listOf(delta['tagsAdded'])) changes.push(change('tag', null, name))
  const proposed = listOf(delta['suggestions']).length
  const set = changes.map(({ field, to }) => `${field} ${quoted(to)}`).join(', ')
  const also = proposed === 0 ? '' : `${set === '' ? 'Proposed' : '; proposed'} ${proposed} more`
  return {
    summary:
      set === '' && also === '' ? 'Analysed, nothing changed' : `${set === '' ? '' : `Set ${set}`}${also}`,
    changes,
  }
}

const describers: Readonly<Record<string, Describe>> = {
  'entity.created': ({ type, title, timeZone }) => ({
    summary: `Captured as ${wordOf(type)}${title === null || title === undefined ? '' : ` ${quoted(title)}`}${meantIn(timeZone)}`,
    changes: [change('type', null, type), change('title', null, title)],
  }),
  'entity.deleted': plain('Deleted'),
  'entity.restored': plain('Restored'),
  'entity.purged': plain('Removed for good'),
  'entity.title_changed': ({ title, oldTitle }) => turned('Title', 'title', oldTitle, title),
  'entity.type_changed': ({ type, oldType }) => ({
    summary: `Changed from ${wordOf(oldType)} to ${wordOf(type)}`,
    changes: [change('type', oldType, type)],
  }),
  'entity.file_uploaded': ({ file, oldFile, timeZone }) => ({
    summary: `Content ${oldFile === null || oldFile === undefined ? 'added' : 'replaced'} (${fileName(file)})${meantIn(timeZone)}`,
    changes: [change('content', objectOf(oldFile)['sha256'], objectOf(file)['sha256'])],
  }),
  'entity.file_deleted': ({ oldFile }) => ({
    summary: 'Content removed',
    changes: [change('content', objectOf(oldFile)['sha256'], null)],
  }),
  'entity.attachment_added': ({ attachment }) => ({
    summary: `Attached ${fileName(attachment)}`,
    changes: [change('attachment', null, objectOf(attachment)['name'])],
  }),
  'entity.attachment_removed': ({ attachment }) => ({
    summary: `Attachment ${fileName(attachment)} taken off`,
    changes: [change('attachment', objectOf(attachment)['name'], null)],
  }),
  'entity.tag_added': ({ name }) => ({
    summary: `Tagged ${quoted(name)}`,
    changes: [change('tag', null, name)],
  }),
  'entity.tag_removed': ({ name }) => ({
    summary: `Tag ${quoted(name)} taken off`,
    changes: [change('tag', name, null)],
  }),
  'entity.suggestion_rejected': ({ field, value }) => ({
    summary: `Turned down the ${wordOf(field)} ${quoted(value)} that was proposed`,
    changes: [],
  }),
  'entity.updated': (delta) => ({ summary: 'Metadata changed', changes: patched(delta) }),
  'task.status_changed': ({ status, oldStatus }) => turned('Status', 'status', oldStatus, status),
  'task.completed': ({ oldStatus }) => ({ summary: 'Done', changes: [change('status', oldStatus, 'done')] }),
  'task.due_date_set': ({ due, oldDue }) => turned('Due date', 'due', oldDue, due),
  'task.priority_set': ({ priority, oldPriority }) => turned('Priority', 'priority', oldPriority, priority),
  'relation.created': ({ type }) => ({ summary: `Connected (${wordOf(type)})`, changes: [] }),
  'relation.deleted': ({ type }) => ({ summary: `Connection taken away (${wordOf(type)})`, changes: [] }),
  'ai.analysis_requested': plain('Analysis asked for'),
  'ai.analysis_completed': describeAnalysis,
  'ai.analysis_failed': ({ code }) => ({ summary: `Analysis given up (${wordOf(code)})`, changes: [] }),
  'ai.enrichment_applied': describeEnrichment,
}

/** `entity.archived` → "Entity archived". */
function wordsOf(type: string): string {
  const words = type.replaceAll(/[._]/g, ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
