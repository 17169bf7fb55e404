import type { UserId } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { rememberWrites } from './remember-writes.ts'
import type { Call, Transport } from './transport.ts'

const [own, other] = ['own' as UserId, 'other' as UserId]

/** A transport that answers with what is given, and the queries it was sent. */
function recording() {
  const sent: string[] = []
  let answer: unknown = {}
  const call = rememberWrites(
    ((request: Call) => {
      sent.push(request.url.search)
      return Promise.resolve(answer)
    }) as Transport,
    own,
  )
  const send = (more: Partial<Call>, given: unknown = {}) => {
    answer = given
    const url = new URL(`http://synap.test/v1/entities${more.url === undefined ? '' : more.url.search}`)
    return call({ method: 'GET', repeatable: true, ...more, url }, () => Promise.resolve(undefined))
  }
  const read = (search = '', more: Partial<Call> = {}) =>
    send({ ...more, waits: true, url: new URL(`http://x/${search}`) })
  const write = (given: unknown, more: Partial<Call> = {}) => send({ method: 'POST', ...more }, given)
  return { sent, read, write, send }
}

describe('a client that reads its own writes', () => {
  it('given writes, every read after them waits for the highest sequence', async () => {
    const { sent, read, write } = recording()
    await read()
    await write({ sequence: 7 })
    await write({ sequence: 5 })
    await read('?limit=1')
    await write({ items: [{ sequence: 8 }, { sequence: 9 }] })
    await read()
    expect(sent).toEqual(['', '', '', '?limit=1&min_sequence=7', '', '?min_sequence=9'])
  })

  it('given a read that says itself what it wants, or one of the past, it is left alone', async () => {
    const { sent, read, write } = recording()
    await write({ sequence: 7 })
    await read('?min_sequence=3')
    await read('?as_of=2')
    expect(sent.slice(1)).toEqual(['?min_sequence=3', '?as_of=2'])
  })

  it('given two users, each waits for their own writes', async () => {
    const { sent, read, write } = recording()
    await write({ sequence: 7 }, { actFor: other })
    await read()
    await read('', { actFor: other })
    await read('', { actFor: own })
    expect(sent.slice(1)).toEqual(['', '?min_sequence=7', ''])
  })

  it('given a call that cannot wait, it is not asked to, and a read tells no sequence to wait for', async () => {
    const { sent, read, write, send } = recording()
    await write({ sequence: 7 })
    await send({ method: 'GET' }, { sequence: 99 })
    await read()
    expect(sent).toEqual(['', '', '?min_sequence=7'])
  })
})
