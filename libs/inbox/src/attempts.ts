import { createTurnQueue, type InboundMessage, type TurnQueue } from '@synap/messaging'
import { type AttemptLedger, createAttemptLedger, type Slice } from './attempt-ledger.ts'
import type { AttemptStore } from './sql/positions.ts'

/** The third start at one offset leaves its bytes undecoded. */
const lastStart = 3

export interface ProcessHow {
  /** Do not touch the bytes: they have killed the process before. Then there is one message only. */
  undecoded: boolean
  /** Has to be called when all bytes are decoded and the process still lives. */
  onDecoded(): Promise<void>
}

/** Decodes and applies messages of one partition, with their position; drops those behind it. */
export type Process = (messages: Slice, how: ProcessHow) => Promise<void>

/** As `Process`, of several partitions at once; answers those that it has left to be handled by themselves. */
export type ProcessTogether = (slices: readonly Slice[], how: ProcessHow) => Promise<readonly Slice[]>

/** Runs batches so that a record which kills the process cannot kill it for ever. */
export interface AttemptGuard {
  run(messages: Slice, process: Process): Promise<void>
  /** True when nobody else can have begun what follows in this partition: then it may be among those of `runTogether`. */
  continues(message: Pick<InboundMessage, 'topic' | 'partition'>): boolean
  /** Slices of different partitions of one topic. Answers what `process` does. */
  runTogether(slices: readonly Slice[], process: ProcessTogether): Promise<readonly Slice[]>
  /** A partition came (back) to this process: others may have begun its records meanwhile. */
  assigned(topic: string, partition: number): void
}

const neverAborted = new AbortController().signal

/**
 * A heap abort cannot be caught, so a start is counted in the database before decoding. Normally once per batch; after a
 * death the records are taken one by one, so that the guilty one is found and its neighbours are not blamed: each
 * start counts until its record is decoded. A failure that leaves the process alive does not count.
 *
 * Starts that are waited for go one at a time until their bytes are decoded, so that one partition is not blamed for what
 * another one did.
 *
 * A process that has moved the position itself knows that nobody has begun what follows: the count is then sent, and the
 * bytes are decoded and applied while it is answered, behind it on the same connection as a rule. It must not be waited for before they are: both lock the position,
 * and the commit may have come first. Then the record is behind it, and nothing is counted.
 */
export function createAttemptGuard(store: AttemptStore): AttemptGuard {
  const ledger = createAttemptLedger(store)
  const start = createStart(ledger, createTurnQueue())

  const run: AttemptGuard['run'] = async (messages, process) => {
    const [first, ...rest] = messages
    if (first === undefined) return
    ledger.takeMoved(first)
    let isCareful = false
    const isNew = await start(messages, process, (starts) => {
      if (starts === 0) return undefined
      isCareful = starts > 1
      return isCareful
        ? { taken: [first], undecoded: starts >= lastStart, exact: true }
        : { taken: messages, undecoded: false, exact: false }
    })
    if (!isNew) return run(await ledger.withoutHandled(messages, first), process)
    for (const message of isCareful ? rest : []) {
      const taken = [message]
      await start(taken, process, (starts) => ({ taken, undecoded: starts >= lastStart, exact: true }))
    }
    ledger.noteMoved(first)
  }

  return {
    run,
    continues: ledger.hasMoved,
    async runTogether(slices, process) {
      const { sent, counted } = ledger.count(slices, { goesAhead: true })
      for (const [first] of slices) if (first !== undefined) ledger.takeMoved(first)
      await sent
      const how = { undecoded: false, onDecoded: async () => ledger.prove(slices) }
      const left = await attempt(ledger, slices, () => process(slices, how), counted)
      for (const slice of slices) {
        const [first] = slice
        if (first !== undefined && !left.includes(slice)) ledger.noteMoved(first)
      }
      return left
    },
    assigned: ledger.forgetMoved,
  }
}

interface Start {
  /** The messages that this start is of. */
  taken: Slice
  undecoded: boolean
  /** It ends as soon as the bytes are decoded, not with the commit. */
  exact: boolean
}

/**
 * Counts a start and processes what `choose` makes of it; the turn ends as soon as the bytes are decoded. Answers whether there
 * was anything to do.
 */
function createStart(ledger: AttemptLedger, turns: TurnQueue) {
  return async (
    messages: Slice,
    process: Process,
    choose: (starts: number) => Start | undefined,
  ): Promise<boolean> => {
    const begun = await turns.run(neverAborted, async () => {
      const starts = (await ledger.count([messages], { goesAhead: false }).counted).get(messages) ?? 0
      const chosen = choose(starts)
      if (chosen === undefined) return undefined
      const { taken, undecoded, exact } = chosen
      const decoded = Promise.withResolvers<void>()
      const onDecoded = async () => {
        ledger.prove([taken])
        if (exact) await ledger.forget(taken)
        decoded.resolve()
      }
      const processed = attempt(ledger, [taken], () => process(taken, { undecoded, onDecoded }))
      processed.then(decoded.resolve, decoded.resolve)
      await decoded.promise
      return { processed }
    })
    await begun?.processed
    return begun !== undefined
  }
}

/** Takes the starts back when it fails alive. */
async function attempt<T>(
  ledger: AttemptLedger,
  slices: readonly Slice[],
  work: () => Promise<T>,
  counted?: Promise<unknown>,
): Promise<T> {
  try {
    const value = await work()
    // Without it the messages are not taken for handled.
    await counted
    return value
  } catch (error) {
    // Or it would be counted behind what takes it back.
    await counted?.catch(() => undefined)
    // Alive. With the database away this note is lost, but then this process remembers it.
    const forget = (slice: Slice) => ledger.forget(slice).catch(() => ledger.prove([slice]))
    await Promise.all(slices.map(forget))
    throw error
  }
}
