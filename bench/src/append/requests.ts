// The load generator of the HTTP stage: connections that stay open, one request at a time on each.
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { CreateContender } from '../worker/protocol.ts'
import { type Appended, type AppendJob, closedLoop, openLoop } from './job.ts'

export interface RequestsJob extends Omit<AppendJob, 'databaseUrl' | 'postgresPid'> {
  url: string
  /** Credentials that take turns; empty = none. */
  keys: readonly string[]
  body: string
}

export type Requested = Omit<Appended, 'idSum' | 'cpu'>

const warmUps = 512

export const createContender: CreateContender<RequestsJob, Requested> = () => async (job) => {
  const agent = new Agent({ keepAlive: true, maxSockets: job.inFlight })
  let items = 0
  let turn = 0
  const call = async () => {
    await post(agent, job, job.keys[(turn += 1) % job.keys.length])
    items += 1
  }
  try {
    await Promise.all(Array.from({ length: warmUps }, call))
    const measured = await (job.rate === undefined ? closedLoop(job, call) : openLoop(job, job.rate, call))
    return { ...measured, items }
  } finally {
    agent.destroy()
  }
}

function post(agent: Agent, { url, body }: RequestsJob, key: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    }
    const sent = request(url, { agent, method: 'POST', headers }, (response) => {
      text(response).then((answer) => {
        if (response.statusCode === 201) resolve()
        else reject(new Error(`${url} answered ${response.statusCode}: ${answer}`))
      }, reject)
    })
    sent.once('error', reject)
    sent.end(body)
  })
}
