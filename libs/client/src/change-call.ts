import { randomUUID } from 'node:crypto'
import { httpHeaders } from '@synap/contracts'
import type { ChangeOptions } from './change-types.ts'
import type { Call } from './transport.ts'
import type { TimeZoneOptions } from './types.ts'
import { callOptions } from './urls.ts'

/** A change: the same `Idempotency-Key` on each try, so that it may be sent again. */
export function changeCall(
  method: Call['method'],
  url: URL,
  body: unknown,
  options: ChangeOptions & TimeZoneOptions,
): Call {
  const { idempotencyKey = randomUUID(), ifMatch, timeZone } = options
  return {
    method,
    url,
    headers: {
      [httpHeaders.idempotencyKey]: idempotencyKey,
      ...(ifMatch === undefined ? {} : { [httpHeaders.ifMatch]: `"${ifMatch}"` }),
      ...(timeZone === undefined ? {} : { [httpHeaders.timeZone]: timeZone }),
    },
    ...(body === undefined ? {} : { body }),
    repeatable: true,
    ...callOptions(options),
  }
}
