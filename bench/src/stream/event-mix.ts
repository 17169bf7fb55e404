import { createOfflineProvider, extractDocument } from '@synap/ai'
import type { Envelope, EventType, FileReference, SynapEvent } from '@synap/contracts'
import {
  type AggregateId,
  type EntityId,
  type EventId,
  sha256Hex,
  type TagId,
  type UserId,
  uuidv7,
} from '@synap/core'
import {
  type AggregateState,
  analysisIdOf,
  type Command,
  decide,
  idsOf,
  type NewEvent,
  type Proposals,
  statesFor,
} from '@synap/domain'
import { contentKey } from '@synap/object-store'
import { readRealMarkdown } from '../real-markdown.ts'

/** An event as ingest would have accepted it, in the order of its user's sequence. */
export interface MixedEvent {
  type: EventType
  aggregateType: string
  envelope: Envelope
  delta: SynapEvent['delta']
}

interface Text {
  file: Omit<FileReference, 'key' | 'uploadedAt'>
  preview: string
  heading: string
  proposals: Omit<Proposals, 'tags'> & { tags: readonly { name: string; confidence: number }[] }
}

const enricherVersion = '1'
/** Of the first event, and between two: an import that goes well. */
const startAt = Date.UTC(2026, 10, 20, 12)
const everyMs = 7
const distinctTexts = 300
/** Id of the API key that the enricher comes with. */
const enricherKey = uuidv7()

/**
 * The events of an import of real Markdown and of a little use of it: `count` of them, decided by the domain, spread
 * over the users in turn. Each file is captured and analysed (by the offline provider); of ten items three get a tag,
 * two another title, one is deleted and restored, and two short tasks are captured and one of them done.
 */
export async function makeEventMix(count: number, users: number): Promise<MixedEvent[]> {
  const texts = await readTexts(Math.min(distinctTexts, count))
  const histories = Array.from({ length: users }, () => createHistory(uuidv7() as UserId))
  const events: MixedEvent[] = []
  for (let item = 0; events.length < count; item += 1) {
    const history = histories[item % users]
    const text = texts[item % texts.length]
    if (history === undefined || text === undefined) throw new RangeError('there are users and texts')
    for (const command of commandsOf(history, text, item)) {
      const at = startAt + events.length * everyMs
      events.push(...history.run(command.command, command.by, at))
    }
  }
  return events.slice(0, count)
}

type Step = { command: Command; by: 'user' | 'ai' }

function* commandsOf({ userId }: History, text: Text, item: number): Generator<Step> {
  const entityId = uuidv7() as EntityId
  const { sha256 } = text.file
  const key = contentKey({ userId, entityType: 'note', entityId, sha256, extension: 'md' })
  const user = (command: Command): Step => ({ command, by: 'user' })
  const nothing = { title: null, content: null, preview: null, tags: [], metadata: null } as const
  const content = { ...text.file, key, uploadedAt: startAt }
  yield user({ ...nothing, kind: 'capture', entityId, type: 'note', content, preview: text.preview })
  yield { command: analysisOf(entityId, text), by: 'ai' }
  const turn = item % 10
  if (turn < 3) {
    const tag = { id: uuidv7() as TagId, name: ['reading', 'work', 'ideas'][turn] ?? '' }
    yield user({ kind: 'putTag', entityId, userId, tag })
  }
  if (turn === 3 || turn === 4)
    yield user({
      kind: 'patch',
      entityId,
      title: `${text.heading.slice(0, 12).toWellFormed().trim()} (${item % 7})`,
    })
  if (turn === 5) {
    yield user({ kind: 'delete', entityId })
    yield user({ kind: 'restore', entityId })
  }
  if (turn < 6) return
  const taskId = uuidv7() as EntityId
  if (turn < 8)
    yield user({ ...nothing, kind: 'capture', entityId: taskId, type: 'task', title: 'Read it again' })
  if (turn === 7) yield user({ kind: 'patch', entityId: taskId, task: { status: 'done' } })
}

function analysisOf(entityId: EntityId, { file, proposals }: Text): Command {
  const tags = proposals.tags.map((tag) => ({ ...tag, id: uuidv7() as TagId }))
  return {
    kind: 'recordAnalysis',
    entityId,
    analysisId: analysisIdOf(entityId, file.sha256, enricherVersion),
    contentHash: file.sha256,
    enricherVersion,
    run: 0,
    basedOnVersion: 2,
    model: provider.model,
    promptVersion: provider.promptVersion,
    offline: true,
    outcome: 'completed',
    result: { ...proposals, tags },
    usage: { inputTokens: file.size >> 2, outputTokens: 80 },
  }
}

interface History {
  userId: UserId
  /** What the command comes to, numbered; the states of its aggregates move on. */
  run(command: Command, by: 'user' | 'ai', at: number): MixedEvent[]
}

function createHistory(userId: UserId): History {
  const states = new Map<AggregateId, AggregateState>()
  let sequence = 0
  return {
    userId,
    run(command, by, at) {
      const actor = { kind: by, id: by === 'ai' ? enricherKey : null } as const
      const decided = decide(command, statesFor(idsOf(command), states), {
        actor,
        newEventId: () => uuidv7() as EventId,
      })
      if (decided.outcome !== 'accepted') throw new Error(`${command.kind} came to ${decided.outcome}`)
      for (const { id, state } of decided.aggregates) states.set(id, state)
      const source = by === 'ai' ? 'automation' : 'api'
      const correlationId = uuidv7().replaceAll('-', '')
      return decided.events.map((event: NewEvent) => {
        sequence += 1
        const { id, aggregateId, version, causationId } = event
        const place = { id, userId, aggregateId, version, sequence, causationId }
        const envelope: Envelope = { ...place, occurredAt: at, source, correlationId, actor }
        return { type: event.type, aggregateType: event.aggregateType, envelope, delta: event.delta }
      })
    },
  }
}

const provider = createOfflineProvider()

async function readTexts(count: number): Promise<Text[]> {
  const found: Text[] = []
  for (const content of await readRealMarkdown(count)) {
    const bytes = Buffer.from(content)
    const { analysable, extraction } = extractDocument(bytes, 'markdown')
    if (!analysable) continue
    const { text, heading, structured } = extraction
    const asked = {
      text,
      heading,
      structured,
      type: 'note',
      referenceMs: startAt,
      timeZone: 'UTC',
      vocabulary: [],
    }
    const { title, titleConfidence, summary, language, tags, intent } = await provider.analyse(
      asked,
      new AbortController().signal,
    )
    const { kind, confidence } = intent
    found.push({
      file: {
        sha256: sha256Hex(bytes),
        size: bytes.length,
        contentType: 'text/markdown; charset=utf-8',
        fileType: 'markdown',
      },
      preview: content.replace(/\s+/gu, ' ').trim().slice(0, 200).toWellFormed().trim(),
      heading: heading ?? 'A text of no name',
      proposals: {
        ...(title === null ? {} : { title: { value: title, confidence: titleConfidence } }),
        ...(summary === null ? {} : { summary: { value: summary, confidence: 0.6 } }),
        ...(language === null ? {} : { language: { value: language, confidence: 0.9 } }),
        tags,
        intent: { kind, confidence },
      },
    })
  }
  return found
}
