// Captures over HTTP, and each read with `min_sequence` as soon as it is answered.
import { Agent } from 'node:http'
import { runOpenLoop } from '../open-loop.ts'
import type { CreateContender } from '../worker/protocol.ts'
import { call, captured } from './call.ts'
import { now, type Probe, type ProbeJob } from './job.ts'

export interface SynapProbeJob extends ProbeJob {
  ingestUrl: string
  queryUrl: string
  /** Of users that nobody else writes for. */
  keys: readonly string[]
}

export const createContender: CreateContender<SynapProbeJob, Probe[]> = () => {
  const agent = new Agent({ keepAlive: true })
  return async ({ ingestUrl, queryUrl, keys, everyMs, seconds }) => {
    const probes: Probe[] = []
    const one = async (turn: number): Promise<Probe> => {
      const key = keys[turn % keys.length] ?? ''
      const dueAt = now()
      const written = await call(
        agent,
        { method: 'POST', url: `${ingestUrl}/v1/entities`, key, body: captured },
        201,
      )
      const acceptedAt = now()
      const { id, sequence } = JSON.parse(written) as { id: string; sequence: number }
      const url = `${queryUrl}/v1/entities/${id}?min_sequence=${sequence}&wait=10000`
      const read = JSON.parse(await call(agent, { method: 'GET', url, key }, 200)) as { id: string }
      if (read.id !== id) throw new Error('another entity was read')
      return { id, dueAt, acceptedAt, visibleAt: now() }
    }
    for (let turn = 0; turn < 2 * keys.length; turn += 1) await one(turn)
    const { failures } = await runOpenLoop({
      everyMs,
      signal: AbortSignal.timeout(seconds * 1_000),
      call: async (turn) => void probes.push(await one(turn)),
    })
    if (failures.length > 0) throw new Error(`${failures.length} probes failed: ${failures[0]?.reason ?? ''}`)
    return probes
  }
}
