// What others capture meanwhile, at fixed times or as fast as it goes.
import { Agent } from 'node:http'
import { closedLoop } from '../append/job.ts'
import { runOpenLoop } from '../open-loop.ts'
import type { CreateContender } from '../worker/protocol.ts'
import { call, captured } from './call.ts'
import type { LoadJob } from './job.ts'

export interface SynapLoadJob extends LoadJob {
  ingestUrl: string
  keys: readonly string[]
  /** Calls under way at once, in place of the rate. */
  inFlight?: number
}

/** How many were captured. */
export const createContender: CreateContender<SynapLoadJob, number> = () => {
  const agent = new Agent({ keepAlive: true })
  let turn = 0
  return async ({ ingestUrl, keys, rate, inFlight, seconds }) => {
    let items = 0
    const one = async () => {
      const key = keys[(turn += 1) % keys.length] ?? ''
      await call(agent, { method: 'POST', url: `${ingestUrl}/v1/entities`, key, body: captured }, 201)
      items += 1
    }
    if (inFlight !== undefined) await closedLoop({ inFlight, seconds }, one)
    else {
      const signal = AbortSignal.timeout(seconds * 1_000)
      const { failures } = await runOpenLoop({ everyMs: 1_000 / rate, signal, call: one })
      if (failures.length > 0)
        throw new Error(`${failures.length} captures failed: ${failures[0]?.reason ?? ''}`)
    }
    return items
  }
}
