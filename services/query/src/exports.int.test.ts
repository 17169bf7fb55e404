import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type EntityId, sha256Hex, type UserId, uuidv5, uuidv7 } from '@synap/core'
import { createEventLog } from '@synap/event-log'
import { BadArchive, createZipWriter, exportParts, readArchive, verifyExport } from '@synap/export'
import { attachmentKey, contentKey, createFolderStore, type ObjectStore } from '@synap/object-store'
import { queryRole } from '@synap/postgres'
import { createLogger } from '@synap/telemetry'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSlot, type SeededEvent, seedEvents } from '../test/seed-events.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'
import { createExportJobs } from './exports/export-jobs.ts'
import { newExportState, readState, writeState } from './exports/export-state.ts'

const patience = { deadlineMs: 60_000 }

describe('an export', () => {
  let query: TestQuery
  let folder: string
  let store: ObjectStore

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'synap-exports-'))
    const signing = { baseUrl: () => 'http://synap.test', secret: Buffer.alloc(32, 7) }
    store = createFolderStore(join(folder, 'objects'), signing)
    query = await startQuery([], store)
  })
  afterAll(async () => {
    await query.close()
    await rm(folder, { recursive: true, force: true })
  })

  const post = (user: UserId, headers: Record<string, string> = {}) =>
    query.app.inject({
      method: 'POST',
      url: '/v1/exports',
      headers: { authorization: `Bearer ${user}`, ...headers },
    })
  const jobs = (limits = {}, on: ObjectStore = store) =>
    createExportJobs({
      log: createEventLog({ pool: query.pool, role: queryRole }),
      store: on,
      logger: createLogger('query', { level: 'silent' }),
      limits,
    })

  /** The export of a user once it is over. */
  async function finished(user: UserId, id: string) {
    return eventually(
      'the export is over',
      async () => {
        const { json } = await query.get(`/v1/exports/${id}`, user)
        expect(json.status).not.toBe('running')
        return json
      },
      patience,
    )
  }

  /** The archive in a file, as somebody would have it who fetched it. */
  async function fetched(view: { archive: { url: string } }): Promise<string> {
    const url = new URL(view.archive.url)
    const headers = {}
    const opened = store.links?.open({
      method: 'GET',
      key: url.pathname.replace('/objects/', ''),
      query: url.searchParams,
      headers,
    })
    if (opened?.outcome !== 'get') throw new Error('the link does not open')
    const { stream } = await store.get(opened.key)
    const path = join(folder, `${uuidv7()}.zip`)
    await writeFile(path, stream)
    return path
  }

  async function exported(user: UserId) {
    const view = await finished(user, (await post(user)).json().id)
    expect(view).toMatchObject({ status: 'done', error: null })
    const path = await fetched(view)
    return { view, path, checked: await verifyExport(path) }
  }

  /** A user with an item of everything; every text holds `word`. */
  async function seedUser(word: string) {
    const userId = uuidv7() as UserId
    const [note, task, relation, tagId] = [uuidv7() as EntityId, uuidv7() as EntityId, uuidv7(), uuidv7()]
    const put = async (text: string, kind: 'content' | 'attachment') => {
      const sha256 = sha256Hex(text)
      const of = { userId, entityId: note, sha256 }
      const key =
        kind === 'content'
          ? contentKey({ ...of, entityType: 'note', extension: 'md' })
          : attachmentKey({ ...of, fileName: `${word}.txt` })
      await store.put(key, Buffer.from(text), { contentType: 'text/markdown' })
      const size = Buffer.byteLength(text)
      const file = { key, sha256, size, contentType: 'text/markdown', fileType: 'markdown', uploadedAt: 1 }
      return file
    }
    const [first, second] = [await put(`first ${word}`, 'content'), await put(`second ${word}`, 'content')]
    const attached = { ...(await put(`attached ${word}`, 'attachment')), name: `${word}.txt` }
    const versions = new Map<string, number>()
    const event = (
      aggregateId: string,
      type: string,
      delta: Record<string, unknown>,
      aggregateType = 'entity',
    ): SeededEvent => {
      const version = (versions.get(aggregateId) ?? 0) + 1
      versions.set(aggregateId, version)
      return { aggregateId, type, delta, aggregateType, version }
    }
    const producer = { model: 'offline', promptVersion: '1', offline: true, tagsAdded: [], suggestions: [] }
    const nothing = { title: null, type: null, language: null, status: null, priority: null, due: null }
    const said = { preview: word, oldPreview: word, timeZone: null }
    await seedEvents(query.pool, userId, [
      event(note, 'entity.created', { type: 'note', title: word, timeZone: null }),
      event(note, 'entity.file_uploaded', { ...said, file: first, oldFile: null, oldPreview: null }),
      event(note, 'entity.file_uploaded', { ...said, file: second, oldFile: first }),
      event(note, 'entity.attachment_added', { attachment: attached }),
      event(note, 'entity.tag_added', { tagId, name: word }),
      event(task, 'entity.created', { type: 'task', title: `do ${word}`, timeZone: null }),
      event(task, 'entity.deleted', {}),
      event(relation, 'relation.created', { type: 'relates_to', sourceId: note, targetId: task }, 'relation'),
      event(userId, 'tag.recolored', { tagId, name: word, color: '#ff0000', oldColor: null }, 'user'),
      event(note, 'ai.enrichment_applied', {
        analysisId: uuidv5(note, 'analysis'),
        contentHash: second.sha256,
        ...producer,
        ...nothing,
        people: { value: ['Ana'], old: [], confidence: 0.7 },
        summary: { value: `about ${word}`, old: null, confidence: 0.5 },
      }),
    ])
    return { userId, note, task, relation, tagId, files: { first, second, attached } }
  }

  it('given a user with everything, the archive holds all of it and verifies by itself', async () => {
    const { userId, files } = await seedUser('kingfisher')
    const { view, checked } = await exported(userId)
    expect(checked).toMatchObject({ ok: true, folded: true, findings: [] })
    expect(checked.manifest).toMatchObject({
      userId,
      sequence: 10,
      counts: { events: 10, entities: 2, relations: 1, tags: 1, files: 3 },
      missingEvents: [],
      incomplete: [],
      fileProblems: [],
    })
    expect(checked.manifest.counts.fileBytes).toBe(files.first.size + files.second.size + files.attached.size)
    expect(view.gaps).toEqual({ missingEvents: 0, incomplete: 0, files: 0 })
    expect(checked.manifest.parts.map(({ path }) => path)).toEqual(
      expect.arrayContaining([exportParts.readme, exportParts.entities, exportParts.events]),
    )
  })

  it('given two users, neither archive has a word of the other, and neither id answers the other', async () => {
    const [anna, bert] = [await seedUser('annascanary'), await seedUser('bertscanary')]
    const [ofAnna, ofBert] = [await exported(anna.userId), await exported(bert.userId)]
    const words = async (path: string) =>
      [...(await readArchive(path)).values()].map((bytes) => bytes.toString()).join('\n')
    const [annas, berts] = [await words(ofAnna.path), await words(ofBert.path)]
    for (const [own, text, other] of [
      ['annascanary', annas, 'bertscanary'],
      ['bertscanary', berts, 'annascanary'],
    ] as const) {
      expect(text).toContain(`first ${own}`)
      expect(text).toContain(`about ${own}`)
      expect(text).not.toContain(other)
    }
    expect(annas).not.toContain(bert.userId)
    const foreign = await query.get(`/v1/exports/${ofAnna.view.id}`, bert.userId)
    const unknown = await query.get(`/v1/exports/${uuidv7()}`, bert.userId)
    expect([foreign.status, unknown.status]).toEqual([404, 404])
    expect(foreign.json.type).toBe(unknown.json.type)
  })

  it('given files that are missing or damaged, the manifest names each, and the rest is whole', async () => {
    const { userId, files } = await seedUser('heron')
    await store.delete(files.first.key)
    await store.put(files.attached.key, Buffer.from('something else'), { contentType: 'text/plain' })
    const { view, checked } = await exported(userId)
    expect(checked).toMatchObject({ ok: true, found: 0 })
    const path = (key: string) => `content/${key.replace(`users/${userId}/`, '')}`
    expect(checked.manifest.fileProblems).toEqual([
      { path: path(files.first.key), reason: 'missing' },
      { path: path(files.attached.key), reason: 'damaged' },
    ])
    expect(view.gaps.files).toBe(2)
    expect(checked.manifest.counts.fileBytes).toBe(files.second.size)
  })

  it('given an event that the log lacks, it is named and its item left out, and the rest verifies', async () => {
    const { userId, note } = await seedUser('plover')
    await openSlot(query.pool, userId, { sequence: 11, aggregateId: note })
    const { checked } = await exported(userId)
    expect(checked).toMatchObject({ ok: true, folded: true })
    expect(checked.manifest.missingEvents).toEqual([
      { sequence: 11, aggregateId: note, reason: 'undecodable' },
    ])
    expect(checked.manifest.incomplete).toEqual([{ aggregateId: note, reason: 'missing_event' }])
    expect(checked.manifest.counts).toMatchObject({ events: 10, entities: 1 })
  })

  it('given an item that was purged, its files are left out by name, though they may still lie there', async () => {
    const { userId, note, files } = await seedUser('redshank')
    await seedEvents(query.pool, userId, [
      { aggregateId: note, type: 'entity.purged', delta: {}, version: 7 },
    ])
    const { path, checked } = await exported(userId)
    expect(checked).toMatchObject({ ok: true, folded: true })
    expect(checked.manifest.fileProblems).toHaveLength(3)
    expect(new Set(checked.manifest.fileProblems.map(({ reason }) => reason))).toEqual(new Set(['purged']))
    expect(await store.exists(files.second.key)).toBe(true)
    const parts = [...(await readArchive(path)).keys()]
    expect(parts.filter((name) => name.startsWith('content/'))).toEqual([])
  })

  it('given content that came back, as by undo, the file is there once', async () => {
    const { userId, note, files } = await seedUser('whimbrel')
    const { first, second } = files
    await seedEvents(query.pool, userId, [
      {
        aggregateId: note,
        type: 'entity.file_uploaded',
        delta: { file: first, oldFile: second, preview: null, oldPreview: null, timeZone: null },
        version: 7,
      },
    ])
    const { checked } = await exported(userId)
    expect(checked).toMatchObject({ ok: true, manifest: { counts: { events: 11, files: 3 } } })
  })

  it('given events that come while it is made, it ends where it began, and is whole', async () => {
    const { userId, note } = await seedUser('oystercatcher')
    const late: ObjectStore = {
      ...store,
      put: async (key, body, options) => {
        if (key.endsWith('.zip')) {
          await seedEvents(query.pool, userId, [
            {
              aggregateId: note,
              type: 'entity.title_changed',
              delta: { title: 'late', oldTitle: null },
              version: 7,
            },
            { aggregateId: uuidv7(), delta: { type: 'note', title: 'later' } },
          ])
        }
        return store.put(key, body, options)
      },
    }
    const exports = jobs({}, late)
    const { id } = await exports.start(userId, { minSequence: 10, idempotencyKey: null })
    const checked = await verifyExport(await fetched(await finished(userId, id)))
    await exports.close()
    expect(checked).toMatchObject({
      ok: true,
      folded: true,
      manifest: { sequence: 10, counts: { events: 10, entities: 2 }, incomplete: [] },
    })
  })

  it('given a user without anything, the archive is empty and verifies', async () => {
    const { checked } = await exported(uuidv7() as UserId)
    expect(checked).toMatchObject({ ok: true, manifest: { sequence: 0, counts: { events: 0, files: 0 } } })
  })

  it('given an idempotency key, the same call answers the same export, also once it is over', async () => {
    const { userId } = await seedUser('wren')
    const first = await post(userId, { 'idempotency-key': 'once' })
    expect([first.statusCode, first.headers['location']]).toEqual([202, `/v1/exports/${first.json().id}`])
    await finished(userId, first.json().id)
    expect((await post(userId, { 'idempotency-key': 'once' })).json()).toMatchObject({
      id: first.json().id,
      status: 'done',
    })
    expect((await post(userId)).json().id).not.toBe(first.json().id)
  })

  it('given calls while one is under way, there is one export; then there is another', async () => {
    const { userId } = await seedUser('dunlin')
    let open = () => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const slow: ObjectStore = {
      ...store,
      put: async (key, body, options) => {
        if (key.endsWith('.zip')) await gate
        return store.put(key, body, options)
      },
    }
    const exports = jobs({}, slow)
    const ask = () => exports.start(userId, { minSequence: 10, idempotencyKey: null })
    const answers = await Promise.all(Array.from({ length: 5 }, ask))
    // Another process, which knows of it from the object store alone.
    const elsewhere = (await post(userId)).json()
    expect(new Set([...answers, elsewhere].map(({ id }) => id)).size).toBe(1)
    open()
    await finished(userId, elsewhere.id)
    await exports.close()
    expect((await post(userId)).json().id).not.toBe(elsewhere.id)
  })

  it('given an export whose worker died, whoever asks for it has it begun anew', async () => {
    const { userId } = await seedUser('curlew')
    const left = { ...newExportState(Date.now(), { minSequence: 10, idempotencyKey: null }), attempt: 1 }
    await writeState(store, userId, { ...left, leaseUntil: Date.now() - 1 })
    const view = await finished(userId, left.id)
    expect(view).toMatchObject({ status: 'done', attempt: 2, sequence: 10 })
    expect(await verifyExport(await fetched(view))).toMatchObject({ ok: true })
  })

  it('given a worker that somebody has taken over from, it leaves the export alone', async () => {
    const { userId } = await seedUser('snipe')
    // it reads no content until it is told to stop
    const stuck: ObjectStore = {
      ...store,
      read: async (key, options) => {
        if (key.endsWith('.json')) return store.read(key, options)
        const { signal } = options
        if (signal === undefined) throw new Error('a read for an export can be stopped')
        if (!signal.aborted) await once(signal, 'abort')
        throw signal.reason
      },
    }
    const first = jobs({ leaseMs: 100 }, stuck)
    const state = await first.start(userId, { minSequence: 10, idempotencyKey: null })
    await eventually(
      'the first worker has stopped',
      async () => {
        // As another worker would, which shows again and again that it is alive.
        await writeState(store, userId, { ...state, attempt: 7, status: 'done', finishedAt: Date.now() })
        const seen = await first.find(userId, state.id)
        return seen?.attempt === 7
      },
      patience,
    )
    await first.close()
    expect(await readState(store, userId, state.id)).toMatchObject({ attempt: 7, status: 'done' })
  })

  it('given a service that stops in the middle, the next one begins anew', async () => {
    const { userId } = await seedUser('godwit')
    const first = jobs()
    const { id } = await first.start(userId, { minSequence: 10, idempotencyKey: null })
    await first.close()
    expect(await finished(userId, id)).toMatchObject({ status: 'done' })
  })

  it('given an export that is over its time, it is gone, and its archive too', async () => {
    const { userId } = await seedUser('avocet')
    const old = newExportState(Date.now(), { minSequence: 0, idempotencyKey: null })
    const finishedAt = Date.now() - 8 * 24 * 3_600_000
    await writeState(store, userId, { ...old, attempt: 1, status: 'done', finishedAt })
    expect((await query.get(`/v1/exports/${old.id}`, userId)).status).toBe(404)
    expect(await readState(store, userId, old.id)).toBeUndefined()
  })

  describe('that somebody has damaged', () => {
    let path: string
    let userId: UserId
    beforeAll(async () => {
      const seeded = await seedUser('sanderling')
      userId = seeded.userId
      path = (await exported(userId)).path
    })

    /** What the verifier says of a file: `ok`, or what it found. */
    async function judged(file: string): Promise<string> {
      try {
        const { ok, findings } = await verifyExport(file)
        return ok ? 'ok' : findings.map(({ where, what }) => `${where} ${what}`).join('\n')
      } catch (error) {
        if (error instanceof BadArchive) return error.message
        throw error
      }
    }

    /** The archive packed again after a change, with all hashes and counts of the manifest as they then are. */
    async function forged(change: (parts: Map<string, Buffer>) => void): Promise<string> {
      const parts = await readArchive(path)
      const manifest = JSON.parse(String(parts.get(exportParts.manifest)))
      change(parts)
      for (const part of manifest.parts) {
        const bytes = parts.get(part.path)
        if (bytes === undefined) continue
        const lines = part.lines === null ? null : bytes.toString().split('\n').length - 1
        Object.assign(part, { size: bytes.length, sha256: sha256Hex(bytes), lines })
        const name = part.path.replace('.ndjson', '')
        if (lines !== null) manifest.counts[name] = lines
      }
      const files = [...parts].flatMap(([name, { length }]) => (name.startsWith('content/') ? [length] : []))
      manifest.counts.fileBytes = files.reduce((sum, length) => sum + length, 0)
      parts.set(exportParts.manifest, Buffer.from(JSON.stringify(manifest)))
      return packed(parts)
    }
    async function packed(parts: ReadonlyMap<string, Buffer>): Promise<string> {
      const zip = createZipWriter()
      const chunks: Buffer[] = []
      for (const [name, bytes] of parts) {
        for await (const chunk of zip.add(name, Readable.from([bytes]))) chunks.push(chunk)
      }
      for await (const chunk of zip.end()) chunks.push(chunk)
      await zip.close()
      const file = join(folder, `${uuidv7()}.zip`)
      await writeFile(file, Buffer.concat(chunks))
      return file
    }
    const withoutLine = (at: number) => (bytes: Buffer | undefined) =>
      Buffer.from(String(bytes).split('\n').toSpliced(at, 1).join('\n'))

    it('given one byte that is another, wherever it is, it is found', { timeout: 120_000 }, async () => {
      const bytes = await readFile(path)
      const file = join(folder, `${uuidv7()}.zip`)
      const passed: number[] = []
      for (let at = 0; at < bytes.length; at += 11) {
        const copy = Buffer.from(bytes)
        copy[at] = (copy[at] ?? 0) ^ 0xff
        await writeFile(file, copy)
        if ((await judged(file)) === 'ok') passed.push(at)
      }
      expect(passed).toEqual([])
      const cut = bytes.subarray(0, bytes.length - 1)
      await writeFile(file, cut)
      expect(await judged(file)).toContain('cut off')
    })

    it('given nothing but packing it again, it is as good as before', async () => {
      expect(await judged(await forged(() => undefined))).toBe('ok')
    })

    it.each([
      [exportParts.events, 4, 'has sequence 6 in place of 5'],
      [exportParts.entities, 0, 'is missing'],
      [exportParts.relations, 0, 'is missing'],
      [exportParts.tags, 0, 'is not what the tags of the items come to'],
      [exportParts.files, 1, 'is not in files.ndjson'],
    ])('given %s without a line, and a manifest that says so, it is found', async (part, line, what) => {
      const file = await forged((parts) => parts.set(part, withoutLine(line)(parts.get(part))))
      expect(await judged(file)).toContain(what)
    })

    it('given a file that ends early, wherever it was cut, it is found', async () => {
      const bytes = await readFile(path)
      const file = join(folder, `${uuidv7()}.zip`)
      for (const length of [0, 50, 98, bytes.length >> 2, bytes.length >> 1, bytes.length - 98]) {
        await writeFile(file, bytes.subarray(0, length))
        expect([length, await judged(file)]).toEqual([length, expect.stringMatching(/cut off|too short/)])
      }
    })

    it('given a hash or a size in the manifest that is another, the part is named', async () => {
      const parts = await readArchive(path)
      for (const change of [{ sha256: 'a'.repeat(64) }, { size: 1 }]) {
        const manifest = JSON.parse(String(parts.get(exportParts.manifest)))
        const [at, part] = [...manifest.parts.entries()].at(-1)
        manifest.parts[at] = { ...part, ...change }
        const file = await packed(
          new Map(parts).set(exportParts.manifest, Buffer.from(JSON.stringify(manifest))),
        )
        expect(await judged(file)).toContain(`${part.path} is not what the manifest says`)
      }
    })

    it('given lines that are swapped, twice there, or of somebody else, they are found', async () => {
      const lines = (parts: Map<string, Buffer>, part: string) =>
        String(parts.get(part)).trimEnd().split('\n')
      const changed = (part: string, change: (all: string[], parts: Map<string, Buffer>) => void) =>
        forged((parts) => {
          const all = lines(parts, part)
          change(all, parts)
          parts.set(part, Buffer.from(`${all.join('\n')}\n`))
        })
      const swapped = await changed(exportParts.events, (all) => {
        ;[all[3], all[4]] = [all[4] ?? '', all[3] ?? '']
      })
      expect(await judged(swapped)).toContain('has sequence 5 in place of 4')
      const twice = await changed(exportParts.events, (all) => all.push(all.at(-1) ?? ''))
      expect(await judged(twice)).toContain('has sequence 10 in place of 11')
      const shorter = await changed(exportParts.events, (all) => all.pop())
      expect(await judged(shorter)).toContain('ends at 9 in place of 10')
      const entityTwice = await changed(exportParts.entities, (all) => all.push(all[0] ?? ''))
      expect(await judged(entityTwice)).toContain('is there twice')

      const other = await exported((await seedUser('turnstone')).userId)
      const others = await readArchive(other.path)
      for (const part of [exportParts.entities, exportParts.relations]) {
        const mixed = await changed(part, (all) => all.push(lines(others, part)[0] ?? ''))
        expect(await judged(mixed)).toContain('no event tells of')
      }
      const files = await changed(exportParts.files, (all) =>
        all.push(lines(others, exportParts.files)[0] ?? ''),
      )
      expect(await judged(files)).toContain('is missing')
      const events = await changed(exportParts.events, (all) => {
        all[9] = lines(others, exportParts.events)[9] ?? ''
      })
      expect(await judged(events)).not.toBe('ok')
      // the events of one user under the name of another
      const renamed = await forged((parts) => {
        const said = String(parts.get(exportParts.user)).replaceAll(userId, uuidv7())
        parts.set(exportParts.user, Buffer.from(said))
      })
      expect(await judged(renamed)).toContain('is not what the events come to')
    })

    it('given a file that is gone with its line, the event that tells of it is left', async () => {
      const file = await forged((parts) => {
        const [first = ''] = String(parts.get(exportParts.files)).split('\n')
        parts.delete((JSON.parse(first) as { path: string }).path)
        parts.set(exportParts.files, withoutLine(0)(parts.get(exportParts.files)))
      })
      expect(await judged(file)).toMatch(/^files\.ndjson content\S+ is missing, and an event tells of it$/)
    })

    it('given a changed title, a changed file, a file more or a file less, it is found', async () => {
      const content = [...(await readArchive(path)).keys()].find((name) => name.startsWith('content/')) ?? ''
      const changed = await forged((parts) => {
        const text = String(parts.get(exportParts.entities)).replace('"title":"sanderling"', '"title":"gull"')
        parts.set(exportParts.entities, Buffer.from(text))
      })
      expect(await judged(changed)).toContain('is not what the events of')
      expect(await judged(await forged((parts) => parts.set(content, Buffer.from('x'))))).toContain(
        'is not the file that was captured',
      )
      expect(await judged(await forged((parts) => parts.delete(content)))).toContain(`${content} is missing`)
      expect(await judged(await forged((parts) => parts.set('content/x', Buffer.from('x'))))).toContain(
        'content/x is not in files.ndjson',
      )
      expect(await judged(await forged((parts) => parts.set('more.txt', Buffer.from('x'))))).toContain(
        'not in the manifest',
      )
      expect(await judged(await forged((parts) => parts.delete(exportParts.tags)))).toContain('is missing')
    })
  })
})
