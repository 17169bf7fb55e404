import { randomUUID } from 'node:crypto'
import { sha256Hex } from '@synap/core'
import type { TestService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, call, createIngestStack, type IngestStack } from '../test/ingest-stack.ts'
import { anyPng, formEnd, note, part, sendForm } from '../test/upload.ts'

let stack: IngestStack
let ingest: TestService
let ana: Account

beforeAll(async () => {
  stack = await createIngestStack(['ingest', 'events-writer'])
  ana = await stack.createAccount()
  ingest = await stack.start()
  await ingest.waitReady()
}, 300_000)
afterAll(() => stack?.close())

const zone = (name: string) => ({ 'synap-time-zone': name })
const text = { type: 'note', content: 'Buy milk tomorrow' }
const send = (path: string, body: object, headers: Record<string, string> = {}, method = 'POST') =>
  call(ingest, path, { method, body, key: ana.key, headers })
/** Types of an item's events that say this time zone, oldest first. */
const saying = (id: unknown, name: string) =>
  stack.database.superuserSql(`
    select event_type from write.outbox
    where aggregate_id = '${String(id)}' and position('${name}'::bytea in delta) > 0 order by version`)
const both = ['entity.created', 'entity.file_uploaded']

describe('Synap-Time-Zone', () => {
  it('given a capture with content, with a title alone, or of a file, its events say it', async () => {
    const captured = await send('/v1/entities', text, zone('Europe/Berlin'))
    expect(await saying(captured.body['id'], 'Europe/Berlin')).toEqual(both)
    const titled = await send('/v1/entities', { type: 'note', title: 'Call Ana' }, zone('Asia/Tokyo'))
    expect(await saying(titled.body['id'], 'Asia/Tokyo')).toEqual(['entity.created'])
    const form = [part('entity', note), part('file', anyPng(100)), formEnd]
    const file = await sendForm(ingest, form, { account: ana, headers: zone('Asia/Tokyo') })
    expect(await saying(file.body['id'], 'Asia/Tokyo')).toEqual(both)
  })

  it('given a batch, it is that of every item which names none itself', async () => {
    const items = [text, { ...text, timeZone: 'Asia/Tokyo' }]
    const { body } = await send('/v1/entities:batch', { items }, zone('Europe/Berlin'))
    const [first, second] = body['items'] as { id: string }[]
    expect(await saying(first?.id, 'Europe/Berlin')).toEqual(both)
    expect(await saying(second?.id, 'Asia/Tokyo')).toEqual(both)
    expect(await saying(second?.id, 'Europe/Berlin')).toEqual([])
  })

  it('given new content, it says that of its own request; undo says none', async () => {
    const { body } = await send('/v1/entities', text, zone('Europe/Berlin'))
    const id = String(body['id'])
    const path = `/v1/entities/${id}/content`
    const replaced = await send(path, { content: 'Buy tea tomorrow' }, zone('Asia/Tokyo'), 'PUT')
    expect(replaced.status).toBe(200)
    expect(await saying(id, 'Asia/Tokyo')).toEqual(['entity.file_uploaded'])
    const [event] = await stack.database.superuserSql(
      `select event_id from write.outbox where aggregate_id = '${id}' order by version desc limit 1`,
    )
    expect((await send(`/v1/entities/${id}:undo`, { event })).status).toBe(200)
    expect(await saying(id, 'Europe/Berlin')).toEqual(both)
  })

  it('given a file that goes past ingest, what was said when it was announced is kept for it', async () => {
    const target = { kind: 'capture', entity: { type: 'note' } }
    const announced = { target, size: 4, sha256: sha256Hex('milk') }
    const { status } = await send('/v1/uploads', announced, zone('Europe/Berlin'))
    expect(status).toBe(201)
    expect(
      await stack.database.superuserSql(
        `select target->'entity'->>'timeZone' from write.uploads where user_id = '${ana.userId}'`,
      ),
    ).toEqual(['Europe/Berlin'])
  })

  it.each(['Mars/Olympus', '+02:00'])('given %s, 400 names the header, and nothing is kept', async (name) => {
    const before = await stack.database.superuserSql('select count(*) from write.outbox')
    for (const [path, body, method] of [
      ['/v1/entities', text, 'POST'],
      ['/v1/entities:batch', { items: [text] }, 'POST'],
      [`/v1/entities/${randomUUID()}/content`, { content: 'x' }, 'PUT'],
    ] as const) {
      expect(await send(path, body, zone(name), method)).toMatchObject({
        status: 400,
        body: { errors: [{ path: 'headers.synap-time-zone' }] },
      })
    }
    expect(await stack.database.superuserSql('select count(*) from write.outbox')).toEqual(before)
  })

  it('given the same Idempotency-Key with another time zone, it is another request', async () => {
    const key = { 'idempotency-key': randomUUID() }
    const first = await send('/v1/entities', text, { ...key, ...zone('Europe/Berlin') })
    const again = await send('/v1/entities', text, { ...key, ...zone('Europe/Berlin') })
    expect([again.status, again.body['id']]).toEqual([201, first.body['id']])
    expect((await send('/v1/entities', text, { ...key, ...zone('Asia/Tokyo') })).status).toBe(422)
    expect((await send('/v1/entities', text, key)).status).toBe(422)
  })
})
