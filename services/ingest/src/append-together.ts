import { AsyncLocalStorage } from 'node:async_hooks'
import { isConnectionLost, type Pool } from '@synap/postgres'
import { type AppendCall, type AppendOutcome, append, appendEach } from './sql/append.ts'
import { appendPlain, isPlain } from './sql/append-plain.ts'

/** Messages under way at a time; what comes while so many are, goes together with the next. */
const maxMessages = 2
const maxCalls = 32
/** Milliseconds until a message that is under way does not count any more. */
const patienceMs = 25
/** Events of one call. A larger one goes by itself: nobody should have to wait for it. */
const maxEvents = 10

interface Waiting {
  call: AppendCall
  isPlain: boolean
  /** Of the request that waits, for its trace. */
  inContext: <T>(work: () => T) => T
  answered: PromiseWithResolvers<AppendOutcome>
}

interface Queue {
  messages: number
  /** True from when the next look at those that wait is due until it is over. */
  isDue: boolean
  waiting: Waiting[]
}

const queues = new WeakMap<Pool, Queue>()

/**
 * As `append`; calls that come together, or while others are under way, share a message and a commit (ADR 0012). A call has
 * its outcome by itself: one that fails among others is made again alone.
 */
export function appendTogether(pool: Pool, call: AppendCall): Promise<AppendOutcome> {
  if (call.events.length > maxEvents) return append(pool, call)
  const queue = queues.get(pool) ?? { messages: 0, isDue: false, waiting: [] }
  queues.set(pool, queue)
  const answered = Promise.withResolvers<AppendOutcome>()
  queue.waiting.push({ call, isPlain: isPlain(call), inContext: AsyncLocalStorage.snapshot(), answered })
  sendSoon(pool, queue)
  return answered.promise
}

/** After what else is to be done in this turn of the loop: calls that come together, go together. */
function sendSoon(pool: Pool, queue: Queue): void {
  if (queue.isDue) return
  queue.isDue = true
  setImmediate(() => {
    queue.isDue = false
    sendNext(pool, queue)
  })
}

function sendNext(pool: Pool, queue: Queue): void {
  while (queue.messages < maxMessages && queue.waiting.length > 0) {
    const group = takeGroup(queue)
    queue.messages += 1
    let isCounted = true
    const goOn = () => {
      if (isCounted) queue.messages -= 1
      isCounted = false
      sendSoon(pool, queue)
    }
    // One that waits for a lock keeps nobody else from having their turn: the pool has more connections.
    const patience = setTimeout(goOn, patienceMs)
    void send(pool, group).finally(() => {
      clearTimeout(patience)
      goOn()
    })
  }
}

/** The first that waits and others like it: plain ones by themselves, of them one per aggregate and idempotency key. */
function takeGroup(queue: Queue): Waiting[] {
  const [first] = queue.waiting
  const group: Waiting[] = []
  const left: Waiting[] = []
  const taken = new Set<string>()
  const fits = ({ call, isPlain }: Waiting) =>
    group.length < maxCalls &&
    isPlain === first?.isPlain &&
    !(isPlain && namesOf(call).some((name) => taken.has(name)))
  for (const waiting of queue.waiting) {
    if (fits(waiting)) {
      group.push(waiting)
      if (waiting.isPlain) for (const name of namesOf(waiting.call)) taken.add(name)
    } else left.push(waiting)
  }
  queue.waiting = left
  return group
}

const namesOf = ({ userId, aggregates: [aggregate], idempotency }: AppendCall): string[] => [
  `${userId} aggregate ${aggregate?.id}`,
  ...(idempotency === null ? [] : [`${userId} key ${idempotency.key}`]),
]

/** Never rejects. */
async function send(pool: Pool, group: readonly Waiting[]): Promise<void> {
  const [first] = group
  if (first === undefined) return
  if (group.length === 1) return sendAlone(pool, first)
  try {
    const answers = await first.inContext(() =>
      (first.isPlain ? appendPlain : appendEach)(
        pool,
        group.map(({ call }) => call),
      ),
    )
    const failed = group.filter((waiting, place) => {
      const answer = answers[place]
      if (answer === undefined || answer.outcome === 'failed') return true
      waiting.answered.resolve(answer)
      return false
    })
    await Promise.all(failed.map((waiting) => sendAlone(pool, waiting)))
  } catch (error) {
    // Whether it was done is unknown, for each of them; anything else undid all of it.
    if (isConnectionLost(error)) for (const { answered } of group) answered.reject(error)
    else await Promise.all(group.map((waiting) => sendAlone(pool, waiting)))
  }
}

async function sendAlone(pool: Pool, { call, inContext, answered }: Waiting): Promise<void> {
  await inContext(() => append(pool, call)).then(answered.resolve, answered.reject)
}
