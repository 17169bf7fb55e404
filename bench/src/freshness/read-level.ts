// Reads an entity that is there, with and without `min_sequence` in turn, one call at a time.
import { Agent } from 'node:http'
import { wait } from '@synap/core'
import { median, quantile } from '../statistics.ts'
import type { CreateContender } from '../worker/protocol.ts'
import { call, captured } from './call.ts'

export interface ReadLevelJob {
  ingestUrl: string
  queryUrl: string
  key: string
  /** Reads of each kind. */
  times: number
}

/** Milliseconds. */
export interface ReadLevel {
  plain: number
  asking: number
  plainP99: number
  askingP99: number
}

const warmUps = 50

export const createContender: CreateContender<ReadLevelJob, ReadLevel> = () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return async ({ ingestUrl, queryUrl, key, times }) => {
    const written = await call(
      agent,
      { method: 'POST', url: `${ingestUrl}/v1/entities`, key, body: captured },
      201,
    )
    const { id, sequence } = JSON.parse(written) as { id: string; sequence: number }
    const plainUrl = `${queryUrl}/v1/entities/${id}`
    const askingUrl = `${plainUrl}?min_sequence=${sequence}&wait=10000`
    const read = async (url: string) => {
      const began = performance.now()
      await call(agent, { method: 'GET', url, key }, 200)
      return performance.now() - began
    }
    await read(askingUrl)
    // What the enricher or a checkpoint of the write still does is not the read's.
    await wait(200, new AbortController().signal)
    const plain: number[] = []
    const asking: number[] = []
    for (let turn = -warmUps; turn < times; turn += 1) {
      const first = turn % 2 === 0
      const one = await read(first ? plainUrl : askingUrl)
      const other = await read(first ? askingUrl : plainUrl)
      if (turn < 0) continue
      plain.push(first ? one : other)
      asking.push(first ? other : one)
    }
    return {
      plain: median(plain),
      asking: median(asking),
      plainP99: quantile(plain, 0.99),
      askingP99: quantile(asking, 0.99),
    }
  }
}
