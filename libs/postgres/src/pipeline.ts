import type { Client } from './pool.ts'

const unanswered = new WeakMap<Client, Promise<unknown>[]>()
const turns = new WeakMap<Client, Promise<unknown>>()
const ended = new WeakSet<Client>()
const failed = new WeakSet<Client>()
const unhurried = new WeakSet<object>()

/**
 * A statement of this transaction whose answer the work does not wait for: it is awaited with the commit, which rejects
 * with its error in place of its own. For the last statements of a transaction, so that they and the commit travel in one
 * message. Statements of one client run in the order they were asked for, whether they are awaited or not.
 *
 * All that `answer` stands for has been asked when it is given: what asks again after an answer comes too late, and is
 * refused.
 */
export function awaitAtCommit(client: Client, answer: Promise<unknown>): void {
  // Awaited later: until then its rejection is nobody's.
  answer.catch(() => undefined)
  const waiting = unanswered.get(client)
  if (waiting === undefined) unanswered.set(client, [answer])
  else waiting.push(answer)
}

/**
 * Resolves when what was asked so far is on its way: what is asked in one turn goes in one message behind it. For who has work of
 * his own to do while the server does its.
 */
export const sent = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

/** Waits for what `awaitAtCommit` put off; rejects with the first error among it. */
export async function answered(client: Client): Promise<void> {
  await Promise.all(takeUnanswered(client))
}

/** What is put off, and is now the caller's to wait for. */
export function takeUnanswered(client: Client): readonly Promise<unknown>[] {
  const waiting = unanswered.get(client) ?? []
  unanswered.delete(client)
  return waiting
}

/** From here until the next transaction nothing may be asked of this client: it would run outside of any. */
export function noteEnd(client: Client): void {
  ended.add(client)
}

/** Whether the end of its transaction was sent. */
export const hasEnded = (client: Client): boolean => ended.has(client)

/** Nothing of what was asked of this client by whoever had it before counts. */
export function noteBegin(client: Client): void {
  ended.delete(client)
  failed.delete(client)
  unanswered.delete(client)
}

/**
 * Sends what nobody waits for along with what is asked next, or at the end of this turn of the event loop: a message less, and a
 * wake-up of the server, where one transaction follows the other.
 */
export function unhurriedly<T>(client: Client, send: () => T): T {
  unhurried.add(client)
  try {
    return send()
  } finally {
    unhurried.delete(client)
  }
}

export const isUnhurried = (client: object): boolean => unhurried.has(client)

/** Asks as part of a transaction; refused once its commit was sent. */
export function ask<T>(client: Client, send: () => Promise<T>): Promise<T> {
  if (ended.has(client)) throw new TypeError('a statement that comes after the commit of its transaction')
  const answer = inTurn(client, send)
  answer.catch(() => failed.add(client))
  return answer
}

/** Whether a statement of this transaction was refused, whatever became of it since. */
export const hasFailed = (client: Client): boolean => failed.has(client)

/** Sends, where the driver cannot send ahead of the answers, after everything that was to be sent before. */
export function inTurn<T>(client: Client, send: () => Promise<T>): Promise<T> {
  const before = client.pipeline ? undefined : turns.get(client)
  const answer = before === undefined ? send() : before.then(send)
  const settled = answer.then(
    () => undefined,
    () => undefined,
  )
  turns.set(client, settled)
  return answer
}

/** Runs `work` as the only thing asked of this client, for what the driver refuses among other statements (COPY). */
export async function alone<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await answered(client)
  // Answers come in the order of the statements.
  await turns.get(client)
  const mode = client as { pipeline: boolean }
  const { pipeline } = mode
  mode.pipeline = false
  try {
    return await work()
  } finally {
    mode.pipeline = pipeline
  }
}
