import { ApiError } from '@synap/client'
import type { StatusResponse } from '@synap/contracts'
import { relativeTime } from '../relative-time.ts'
import { type Check, type Finding, ok, warning } from './check.ts'
import { oneTry } from './key.ts'

/** The newest item shows whether everything behind the API works. */
export const pipeline: Check = {
  name: 'pipeline',
  otherwise: () => './synap status',
  run: async ({ connection }, signal) => {
    if (connection === undefined) return undefined
    const client = oneTry(connection)
    const list = await client.list({ limit: 1, signal }).catch((error: unknown) => {
      // The check of the key tells that already.
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return undefined
      throw error
    })
    if (list === undefined) return undefined
    const [newest] = list.value.items
    if (newest === undefined) return ok('nothing was captured yet: ./synap capture "Buy milk tomorrow"')
    return judgeItem(await client.status(newest.id, { signal }), newest.createdAt, Date.now())
  },
}

export function judgeItem({ id, complete, stages }: StatusResponse, createdAt: string, now: number): Finding {
  const when = relativeTime(createdAt, now)
  if (complete) return ok(`the newest item (${when}) went all the way`)
  const stage = stages.find(({ state }) => state !== 'done' && state !== 'skipped')
  const error = stage?.error == null ? '' : ` (${stage.error})`
  const found = `the newest item (${when}) is ${stage?.state ?? 'waiting'} at "${stage?.stage ?? ''}"${error}`
  return warning(found, `./synap get ${id}`)
}
