import { describeError, SynapError, wait, withDeadline } from '@synap/core'
import {
  type Consumer,
  type ConsumerHealth,
  type ConsumerOptions,
  driverActionOf,
  pauseMs,
} from '@synap/messaging'
import { type AssignedPartition, type Assignment, createAssignment } from './assignment.ts'
import { type KafkaConsumerParts, openMembership } from './membership.ts'
import { createWatchdog } from './watchdog.ts'

/** Below the 10 s that the port promises. */
const closeDeadlineMs = 8_000

/**
 * A consumer that survives its kafkajs consumer: when one fails on a dependency, the next one joins the group. It ends
 * for good by `close()`, by a halt (a person must act) or by a crash (a bug).
 */
export function createKafkaConsumer(parts: KafkaConsumerParts, options: ConsumerOptions): Consumer {
  const { logger } = parts.kafka
  const assignment = createAssignment()
  const stopping = new AbortController()
  const finished = Promise.withResolvers<void>()
  const status: Pick<ConsumerHealth, 'state' | 'reason'> = { state: 'idle', reason: null }
  let running: Promise<void> | undefined

  /** One membership in the group after the other. Returns when the consumer has ended, rejects when it crashed. */
  const run = async () => {
    for (let failures = 0; !stopping.signal.aborted; ) {
      status.state = 'joining'
      const error = await beMember(parts, options, assignment, stopping.signal, (state) => {
        status.state = state
        if (state !== 'running') return
        failures = 0
        status.reason = null
      })
      if (error === undefined) return
      status.reason = describeError(error)
      const fields = { groupId: options.groupId, error: status.reason, ...fieldsOf(error) }
      if (driverActionOf(error) === 'crash') throw error
      if (driverActionOf(error) === 'halt') {
        status.state = 'halted'
        logger.error(fields, 'consumer halted, a person has to act')
        return
      }
      failures += 1
      logger.warn({ ...fields, failures }, 'consumer left the group, joining again')
      await wait(pauseMs(failures, error, parts.pausePolicy), stopping.signal).catch(() => undefined)
    }
  }

  return {
    finished: finished.promise,
    async start() {
      if (running !== undefined) throw new TypeError('the consumer has been started already')
      running = run().catch((error: unknown) => {
        Object.assign(status, { state: 'crashed', reason: describeError(error) })
        logger.error(
          { groupId: options.groupId, error: status.reason, ...fieldsOf(error) },
          'consumer crashed',
        )
        finished.reject(error)
      })
    },
    health: () => healthOf(status, assignment.all()),
    async close() {
      stopping.abort(
        new SynapError('the consumer is closing', { code: 'consumer.closed', class: 'dependency' }),
      )
      assignment.revoke()
      await withDeadline('close', closeDeadlineMs, undefined, async () => await running).catch(
        () => undefined,
      )
      if (status.state !== 'crashed') status.state = 'closed'
      finished.resolve()
    },
  }
}

/** One membership. Resolves with the reason why it ended, or undefined when `stopping` ended it. */
async function beMember(
  parts: KafkaConsumerParts,
  options: ConsumerOptions,
  assignment: Assignment,
  stopping: AbortSignal,
  onState: (state: 'joining' | 'running') => void,
): Promise<unknown> {
  const ended = Promise.withResolvers<unknown>()
  const onStop = () => ended.resolve(undefined)
  stopping.addEventListener('abort', onStop, { once: true })
  const membership = openMembership(parts, options, assignment, {
    onState: (state) => {
      if (!stopping.aborted) onState(state)
    },
    onFatal: ended.resolve,
  })
  const stopWatching = watch(parts, assignment, ended.resolve)
  try {
    return await Promise.race([membership.failed, ended.promise])
  } finally {
    stopping.removeEventListener('abort', onStop)
    stopWatching()
    assignment.revoke()
    await membership.close()
    assignment.replace([])
  }
}

/** Runs the watchdog while the membership lasts; one look at a time. */
function watch(
  parts: KafkaConsumerParts,
  assignment: Assignment,
  fatal: (error: unknown) => void,
): () => void {
  const stop = new AbortController()
  const look = createWatchdog({
    partitions: () => assignment.all(),
    watermarks: parts.watermarks,
    records: parts.records,
    stuckAfterMs: parts.watchdog.stuckAfterMs,
    logger: parts.kafka.logger,
    fatal,
  })
  const loop = async () => {
    for (;;) {
      await wait(parts.watchdog.everyMs, stop.signal)
      await look(stop.signal)
    }
  }
  loop().catch(() => undefined)
  return () => stop.abort()
}

function healthOf(
  status: Pick<ConsumerHealth, 'state' | 'reason'>,
  partitions: readonly AssignedPartition[],
): ConsumerHealth {
  const troubled = partitions.find(({ error }) => error !== null)
  return {
    ...status,
    ready:
      status.state === 'running' &&
      partitions.every(({ state, error }) => state === 'running' && error === null),
    reason: status.reason ?? troubled?.error ?? null,
    partitions: partitions.map(({ signal: _signal, handling: _handling, ...health }) => health),
  }
}

function fieldsOf(error: unknown): Record<string, unknown> {
  return error instanceof SynapError ? { code: error.code, ...error.fields } : {}
}
