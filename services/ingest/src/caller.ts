import type { Actor } from '@synap/contracts'
import type { EventId, UserId } from '@synap/core'
import { uuidv7 } from '@synap/core'
import type { AppendContext } from './sql/append.ts'

/** As whom, and in which request, something is done. */
export interface Caller {
  userId: UserId
  actor: Actor
  source: AppendContext['source']
  /** Trace id of the request, 32 hexadecimal characters. */
  correlationId: string
  traceparent: string | null
  tracestate: string | null
}

export function appendContextOf(caller: Caller): AppendContext {
  const { source, correlationId, actor, traceparent, tracestate } = caller
  return { source, correlationId, actor, traceparent, tracestate }
}

/** What deciding needs of the world. */
export const decisionContextOf = ({ actor }: Caller) => ({ actor, newEventId: () => uuidv7() as EventId })

/** A request that may be sent again: its key, and what it asks for as SHA-256 (64 hexadecimal characters). */
export interface RequestKey {
  key: string
  requestHash: string
}
