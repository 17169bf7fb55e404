import { type Agreement, type AgreementLine, parseEventHeaders } from '@synap/contracts'
import type { UserId } from '@synap/core'
import { type BatchHeld, type BatchParts, compareBatch } from './compare-batch.ts'
import { cutSpans, type UserSpan } from './cut-spans.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { TopicState } from './judge-place.ts'
import { countClashes, judgeTopicHeads, judgeTopicUsers } from './judge-topic.ts'
import { judgeHeads, judgeReadRows } from './judge-user.ts'
import { listUsers, type UserRange } from './list-users.ts'
import { readTopic, type TopicFacts, type TopicToRead } from './read-topic.ts'
import type { LedgerStores } from './stores.ts'
import { createTally, type Tally } from './tally.ts'
import { createTopicIndex, type TopicIndex } from './topic-index.ts'

export interface CompareOptions {
  stores: LedgerStores
  /** Null: it is not read, and nothing is said of it. */
  topic: TopicToRead | null
  /** Null: all users. */
  user: UserId | null
  /** Findings told of each kind and store; 20 by default. All are counted. */
  limit?: number
  /** Bytes that the numbers on the topic may take before it is read in several passes; 64 MiB by default. */
  maxTopicBytes?: number
  signal?: AbortSignal
}

const progressEveryMs = 500
const never = new AbortController().signal

type Held = Agreement['held']
type Run = Omit<CompareOptions, 'limit'> & {
  tally: Tally
  held: Held & { topic: { records: number; unplaced: number; passes: number } }
  sum: { users: number; events: number }
  progress: ReturnType<typeof createPace>
}

/**
 * Compares what outbox, topic, log and read model have, by user and number; findings come as they are found, what it
 * came to comes last. Everything is read in pages, and nothing is written. Rejects with what a store rejects with, and
 * with the signal's reason.
 */
export async function* compareStores(options: CompareOptions): AsyncGenerator<AgreementLine, void> {
  const startedAt = new Date().toISOString()
  const run: Run = {
    ...options,
    tally: createTally(options.limit ?? 20),
    held: { outbox: 0, topic: { records: 0, unplaced: 0, passes: 0 }, log: 0, readModel: 0 },
    sum: { users: 0, events: 0 },
    progress: createPace(progressEveryMs),
  }
  let from: UserId | null = null
  do {
    const moment = await run.stores.moment()
    const index: TopicIndex | null =
      run.topic === null ? null : createTopicIndex(run.maxTopicBytes ?? 64 * 1_048_576, from)
    const facts: TopicFacts | undefined = yield* readInto(run, index)
    const to: UserId | null = index?.next() ?? null
    const topicOf = topicStates(index, facts)
    yield* comparePass(run, { stores: run.stores, tally: run.tally, moment, topicOf }, index, {
      user: run.user,
      from,
      to,
    })
    from = to
  } while (from !== null)
  const { held, sum, tally } = run
  const finishedAt = new Date().toISOString()
  const { agrees, ...found } = tally.sum()
  const about = { agrees, userId: run.user, startedAt, finishedAt, ...sum }
  yield { agreement: { ...about, held: run.topic === null ? { ...held, topic: null } : held, ...found } }
}

/** Reads the topic into the index, telling how far it is. */
async function* readInto(
  { topic, user, held, progress, signal = never }: Run,
  index: TopicIndex | null,
): AsyncGenerator<AgreementLine, TopicFacts | undefined> {
  if (topic === null || index === null) return undefined
  let done = 0
  let of: number | null = null
  let isRead = false
  const isFirst = held.topic.passes === 0
  held.topic.passes += 1
  const reading = readTopic(topic, {
    user,
    signal,
    onBegin: (records) => (of = records),
    onRecord({ headers }) {
      done += 1
      const at = parseEventHeaders(headers)
      if (!at.ok) held.topic.unplaced += isFirst ? 1 : 0
      else if (user === null || at.userId === user) {
        const { userId, sequence, aggregateId, version } = at
        index.add({ userId, sequence, aggregateId, version }, fingerprintOf({ ...at, eventId: at.id }))
      }
    },
  }).finally(() => (isRead = true))
  reading.catch(() => undefined)
  while (!isRead) {
    await Promise.race([reading, progress.next()])
    if (!isRead) yield { progress: { phase: 'topic', done, of } }
  }
  return reading
}

function topicStates(index: TopicIndex | null, facts: TopicFacts | undefined): BatchParts['topicOf'] {
  if (index === null || facts === undefined) return () => undefined
  // A number where records disagree with each other is told as that, and not once more.
  const clashing = new Set(index.named('forked').map(({ userId, sequence }) => `${userId}/${sequence}`))
  return (userId): TopicState => {
    const user = index.user(userId)
    return {
      at: (sequence) => index.at(user, sequence),
      isClashing: (sequence) => clashing.has(`${userId}/${sequence}`),
      first: user?.first ?? Number.POSITIVE_INFINITY,
      partition: facts.of(userId),
    }
  }
}

async function* comparePass(
  run: Run,
  parts: BatchParts,
  index: TopicIndex | null,
  range: UserRange,
): AsyncGenerator<AgreementLine, void> {
  const { tally, sum, held, progress, signal = never } = run
  const tellFound = () => tally.take().map((finding): AgreementLine => ({ finding }))
  for await (const users of listUsers(run.stores, range)) {
    for (const user of users) {
      sum.users += 1
      held.readModel += Math.min(user.readSeen, user.head)
      judgeHeads(tally, user)
    }
    const matched = new Map<UserId, number>()
    for (const batch of cutSpans(users)) {
      signal.throwIfAborted()
      const found = await compareBatch(parts, batch)
      sum.events += batch.reduce((events, { from, to }) => events + to - from + 1, 0)
      held.outbox += found.outbox
      held.log += found.log
      await compareReadRows(run, batch, found, matched)
      yield* tellFound()
      if (progress.isDue()) yield { progress: { phase: 'events', done: sum.events, of: null } }
    }
    if (index !== null) judgeTopicHeads(tally, index, users)
    yield* tellFound()
  }
  if (index !== null) {
    judgeTopicUsers(tally, index)
    for (const user of index.users().values()) held.topic.records += user.records
    countClashes(tally, index)
  }
  yield* tellFound()
}

/** For users that are through: does the read model have as many rows as were found at their events? */
async function compareReadRows(
  { stores, tally }: Run,
  batch: readonly UserSpan[],
  found: BatchHeld,
  matched: Map<UserId, number>,
): Promise<void> {
  for (const [userId, rows] of found.matched) matched.set(userId, (matched.get(userId) ?? 0) + rows)
  const done = batch.filter(({ isLast }) => isLast)
  const counts = await stores.readCounts(done.map(({ userId }) => userId))
  for (const { user, userId } of done) {
    if ((counts.get(userId) ?? 0) !== (matched.get(userId) ?? 0)) await judgeReadRows(stores, tally, user)
    matched.delete(userId)
  }
}

function createPace(everyMs: number) {
  let last = performance.now()
  return {
    isDue(): boolean {
      if (performance.now() - last < everyMs) return false
      last = performance.now()
      return true
    },
    next: () => new Promise<void>((resolve) => setTimeout(resolve, everyMs)),
  }
}
