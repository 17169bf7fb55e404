import { type Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'

export interface Call {
  method: 'GET' | 'POST'
  url: string
  key?: string
  body?: string
}

/** One HTTP call on a connection that stays open; the text of the answer. Rejects when the status is another. */
export function call(agent: Agent, { method, url, key, body = '' }: Call, expected: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(method === 'POST' && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      }),
    }
    const sent = request(url, { agent, method, headers }, (response) => {
      text(response).then((answer) => {
        if (response.statusCode === expected) resolve(answer)
        else reject(new Error(`${url} answered ${response.statusCode}: ${answer}`))
      }, reject)
    })
    sent.once('error', reject)
    sent.end(method === 'POST' ? body : undefined)
  })
}

/** What is captured, as in B6. */
export const captured = JSON.stringify({ type: 'task', title: 'Buy oat milk and call the plumber' })
