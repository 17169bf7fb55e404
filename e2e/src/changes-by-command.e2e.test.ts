import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AnalysisRequest, EntityView } from '@synap/contracts'
import type { AnalysisId, EntityId, RelationId } from '@synap/core'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Account, Pipeline } from './pipeline.ts'
import { startStandalonePipeline } from './standalone-pipeline.ts'

/** Each command starts Node, which takes its time where other tests run beside. */
const storyMs = 300_000
const unknown = '0190aaaa-0000-7000-8000-000000000000'

describe('a person who changes things from the command line', () => {
  let pipeline: Pipeline
  let ana: Account
  let folder: string

  beforeAll(async () => {
    pipeline = await startStandalonePipeline()
    ana = await pipeline.createAccount('ana')
    folder = await mkdtemp(join(tmpdir(), 'synap-changes-test-'))
  })
  afterAll(async () => {
    await pipeline?.[Symbol.asyncDispose]()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  })

  const run = (...args: string[]) => pipeline.synap(ana, ...args)
  /** What a command that succeeds prints. */
  const printed = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args)
    expect([code, stderr], args.join(' ')).toEqual([0, expect.not.stringContaining('synap:')])
    return stdout.trim()
  }
  const documents = async <T = Record<string, unknown>>(...args: string[]) =>
    (await printed(...args, '--json'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T)
  /** What a command that fails says. */
  const refused = async (code: number, ...args: string[]) => {
    const ended = await run(...args)
    expect([ended.code, ended.stdout], args.join(' ')).toEqual([code, ''])
    return ended.stderr
  }
  const numbersOf = (id: string) => ({
    id,
    version: expect.any(Number),
    sequence: expect.any(Number),
    correlationId: expect.stringMatching(/^[0-9a-f]{32}$/),
  })
  const entityOf = async (id: string): Promise<EntityView> => {
    const { sequence } = await ana.client.status(id as EntityId)
    return (await ana.client.getEntity(id as EntityId, { minSequence: sequence, waitMs: 20_000 })).value
  }
  /** A note that AI is done with, so that no change of its own comes between. */
  const settled = async (title: string) => {
    const content = `About ${title}.`
    const { id } = await ana.client.capture({ type: 'note', title, content })
    await eventually('it is enriched', async () => (await ana.client.status(id)).complete, {
      deadlineMs: 60_000,
    })
    return id
  }
  const beginning = (id: string) => id.slice(0, 18)

  it(
    'given tasks, they are added, listed by what is due, changed one by one, and got done',
    async () => {
      const milk = await printed('task', 'add', 'Buy milk', '--due', 'today', '--priority', 'high')
      expect(milk).toMatch(/^[0-9a-f-]{36}$/)
      const words = ['Paint', 'the', 'fence']
      const [fence] = await documents<{ id: string }>(
        'task',
        'add',
        ...words,
        '--due',
        '3d',
        '--tag',
        'house',
        '--wait',
      )
      expect(fence).toEqual(numbersOf(fence?.id ?? ''))
      const fenceId = fence?.id ?? ''

      const lines = (await printed('task', 'list', '--due', 'week')).split('\n')
      expect(lines[0]).toMatch(/^id +status +priority +title$/)
      expect(lines[1]).toMatch(new RegExp(`^${milk} +todo +high +Buy milk \\(due today\\)$`))
      expect(lines[2]).toMatch(new RegExp(`^${fenceId} +todo +Paint the fence \\(due in 3 days\\) #house$`))
      expect(await documents('task', 'list', '--due', 'today')).toMatchObject([
        { id: milk, title: 'Buy milk' },
      ])
      expect((await run('task', 'list', '--due', 'overdue')).stderr).toContain('Nothing matches')

      expect(await printed('task', 'start', beginning(milk), '--wait')).toBe('In progress: Buy milk')
      expect((await entityOf(milk)).task).toMatchObject({ status: 'in_progress', priority: 3 })
      expect(await printed('task', 'due', fenceId, '2030-01-31T09:00+02:00')).toMatch(
        new RegExp(`^Due in .+, 2030-01-31T09:00:00\\+02:00: ${fenceId}$`),
      )
      await printed('task', 'priority', fenceId, '1')
      expect((await entityOf(fenceId)).task).toMatchObject({ due: '2030-01-31T09:00:00+02:00', priority: 1 })
      await printed('task', 'due', fenceId, 'none')
      expect((await entityOf(fenceId)).task).toMatchObject({ due: null })
      await printed('task', 'cancel', fenceId)
      await printed('task', 'reopen', fenceId, '--wait')

      const some = await run('task', 'done', milk, unknown, 'nonsense', fenceId, '--wait')
      expect([some.code, some.stdout]).toEqual([1, `Done: ${milk}\nDone: ${fenceId}\n`])
      expect(some.stderr).toContain(`synap: ${unknown}: There is no such item in this account.`)
      expect(some.stderr).toContain('"nonsense" is not an id')
      const done = await documents<EntityView>('task', 'list', '--status', 'done')
      expect(done.map(({ id }) => id).sort()).toEqual([milk, fenceId].sort())
      expect(await printed('task', 'list', '--status', 'done')).toContain('✓ Buy milk')

      expect(await refused(2, 'task', 'due', milk, 'soon')).toContain('It is today, tomorrow, a weekday')
      expect(await refused(2, 'task', 'dnoe', milk)).toContain('Did you mean done?')
      const note = await settled('a note')
      expect(await refused(1, 'task', 'done', note)).toContain('Synap refused this: ')
    },
    storyMs,
  )

  it(
    'given tags, they are put on, taken off, renamed, coloured and merged, wherever they are',
    async () => {
      const [a, b] = [await settled('tagged one'), await settled('tagged two')]
      const long = '文'.repeat(100)
      const added = await printed('tag', 'add', beginning(a), 'errand', 'to/read', long, '--wait')
      expect(added).toMatch(/^Tagged tagged one: errand, to\/read, 文/)
      expect(await documents('tag', 'add', b, 'errands', '--wait')).toEqual([numbersOf(b)])
      expect(await documents('tag', 'list', 'ERR')).toMatchObject([
        { name: 'errand', count: 1, color: null },
        { name: 'errands', count: 1 },
      ])
      expect(await printed('tag', 'remove', a, 'to/read', '--wait')).toBe(`Taken off ${a}: to/read`)
      expect((await entityOf(a)).tags.map(({ name }) => name)).toEqual(['errand', long])
      expect(await refused(1, 'tag', 'remove', a, 'never')).toContain('does not have this tag')
      expect(await refused(1, 'tag', 'remove', a, '..')).toContain('".." cannot be a name')

      expect(await refused(1, 'tag', 'rename', 'erand', 'x')).toContain('(Did you mean errand?)')
      expect(await refused(1, 'tag', 'rename', 'errand', 'errands')).toContain('has this name already')
      expect(await printed('tag', 'rename', 'Errand', 'Shopping', '--wait')).toBe(
        'errand is Shopping now, on 1 item.',
      )
      expect(await documents('tag', 'color', 'shopping', '#2E7D32', '--wait')).toEqual([
        numbersOf(ana.userId),
      ])
      expect(await printed('tag', 'list')).toMatch(/^1 +#2e7d32 +Shopping$/m)

      expect(await refused(2, 'tag', 'merge', 'errands', 'shopping')).toContain('needs --yes')
      await printed('tag', 'merge', 'errands', 'shopping', '--yes', '--wait')
      expect((await entityOf(b)).tags.map(({ name }) => name)).toEqual(['Shopping'])

      expect(await printed('undo', 'me', '--wait')).toBe(
        'Undone: Tag recolored: color nothing → #2e7d32 (version 2)\n  color taken away',
      )
      expect(await documents('tag', 'list', 'Shopping')).toMatchObject([{ color: null, count: 2 }])
    },
    storyMs,
  )

  it(
    'given links, they are made once, listed from both ends, taken away and brought back',
    async () => {
      const [from, to] = [await settled('the paint'), await settled('the wall')]
      const link = await printed('link', from, to, '--type', 'blocks', '--wait')
      expect(link).toMatch(/^[0-9a-f-]{36}$/)
      expect(await refused(1, 'link', from, to, '--type', 'blocks')).toContain('connected so already')
      expect(await printed('links', beginning(from))).toMatch(
        new RegExp(`^link +id +type +title\n→ blocks +${to} +note +the wall$`),
      )
      expect(await documents('links', to)).toMatchObject([
        { id: link, type: 'blocks', direction: 'in', item: { id: from, title: 'the paint' } },
      ])
      expect(await refused(1, 'unlink', to, from)).toContain(`./synap unlink ${from} ${to}`)
      expect(await documents('link', from, to, '--wait')).toMatchObject([{ version: 1 }])
      expect(await refused(2, 'unlink', from, to)).toContain('--type (relates_to, blocks)')

      expect(await printed('unlink', from, to, '--type', 'blocks', '--wait')).toContain('No longer linked: ')
      expect((await documents('links', from)).length).toBe(1)
      expect(await printed('undo', link, '--wait')).toContain('the link is back')
      expect((await ana.client.relation(link as RelationId)).value.version).toBe(3)
    },
    storyMs,
  )

  it(
    'given names in a text, they lead to what is called so, before and after that is there',
    async () => {
      const text = 'See [[The Ladder|it]], [the brush](tools/the%20brush.md) and `[[code]]`.'
      const { id: from } = await ana.client.capture({ type: 'note', title: 'The plan', content: text })
      const shown = async (id: string) =>
        (await documents('links', id)).map(({ target, resolution }) => [target, resolution])
      await eventually('the links of the text', async () => (await shown(from)).length === 2, {
        deadlineMs: 60_000,
      })
      expect(await shown(from)).toEqual([
        ['The Ladder', 'unresolved'],
        ['tools/the%20brush.md', 'unresolved'],
      ])
      const ladder = await settled('the ladder')
      expect(await documents('links', from)).toMatchObject([
        { origin: 'derived', direction: 'out', resolution: 'resolved', items: [{ id: ladder }] },
        { resolution: 'unresolved' },
      ])
      expect(await documents('links', ladder)).toMatchObject([{ direction: 'in', items: [{ id: from }] }])
      await printed('edit', ladder, '--title', 'The brush', '--wait')
      expect(await shown(from)).toEqual([
        ['The Ladder', 'unresolved'],
        ['tools/the%20brush.md', 'resolved'],
      ])
    },
    storyMs,
  )

  it(
    'given changes, undo takes back the last one that holds, or the one that is named, or says why not',
    async () => {
      const id = await settled('First')
      // Nothing waits in between: the log is behind, and the last change is meant all the same.
      expect(await printed('edit', id, '--title', 'Second', '--metadata', '{"shop": "corner"}')).toContain(
        `Changed: ${id} (version `,
      )
      await printed('tag', 'add', id, 'home')
      expect(await printed('undo', id)).toMatch(
        /^Undone: Tagged “home” \(version \d+\)\n {2}tag home taken off$/,
      )
      const [dry] = await documents('undo', id, '--dry-run')
      expect(dry).toMatchObject({ dryRun: true, id: null, undone: { type: 'entity.updated' } })
      expect(await printed('undo', id)).toContain('metadata.shop taken away')
      expect(await printed('undo', id, '--dry-run')).toContain('Would undo: Title changed from “First”')
      const [undone] = await documents<{ undone: { version: number } }>('undo', id, '--wait')
      expect(undone).toMatchObject({
        dryRun: false,
        ...numbersOf(id),
        undone: { type: 'entity.title_changed' },
      })
      expect(await entityOf(id)).toMatchObject({ title: 'First', tags: [], metadata: {} })

      await printed('edit', id, '--title', 'Third')
      await printed('edit', id, '--title', 'Fourth', '--wait')
      expect(await printed('undo', id)).toContain('title back to “Third”')
      expect(await printed('undo', id, '--wait')).toContain('title back to “First”')
      await printed('edit', id, '--title', 'Fifth', '--wait')
      const named = String(undone?.undone.version)
      expect(await refused(1, 'undo', id, named)).toContain(
        'The title was changed later, by entity.title_changed',
      )
      expect(await refused(1, 'undo', id, '9999')).toContain('There is no such event')
      expect(await refused(2, 'undo', id, 'xyz')).toContain('neither a version nor the id of an event')
      expect(await refused(1, 'undo', unknown)).toContain('There is no such item in this account.')
    },
    storyMs,
  )

  it(
    'given an item, it is edited only at its version, hidden, brought back, and removed when that is confirmed',
    async () => {
      const id = await settled('Notes')
      const path = join(folder, 'receipt.txt')
      await writeFile(path, 'Milk, 1.20')
      expect(await printed('attach', id, path, '--wait')).toBe(`Attached to ${id}: receipt.txt`)
      expect(await printed('get', id)).toMatch(/^attachment +receipt.txt \(10 bytes\)$/m)
      expect(await printed('get', id, '--attachment', 'receipt.txt')).toBe('Milk, 1.20')
      expect(await refused(1, 'detach', id, 'bill.txt')).toContain('receipt.txt')
      expect(await documents('detach', beginning(id), 'receipt.txt')).toEqual([numbersOf(id)])

      const { version } = await entityOf(id)
      const [edited] = await documents('edit', id, '--type', 'idea', '--if-version', String(version))
      expect(edited).toMatchObject({ version: version + 1 })
      expect(await refused(1, 'edit', id, '--no-title', '--if-version', String(version))).toContain(
        `It was changed meanwhile: its version is ${version + 1} now.`,
      )
      expect(await refused(2, 'edit', id)).toContain('Say what to change')
      await writeFile(path, 'By file.')
      await printed('edit', id, '--file', path, '--title', 'By file', '--wait')
      expect(await printed('get', id, '--content')).toBe('By file.')
      await printed('edit', id, '--content', 'By words.', '--wait')
      expect(await printed('get', id, '--content')).toBe('By words.')
      expect(await entityOf(id)).toMatchObject({ type: 'idea', title: 'By file' })

      expect(await printed('enrich', id)).toBe(`Asked for: ${id}`)
      const gone = await run('delete', id, '--wait')
      expect([gone.code, gone.stdout]).toEqual([0, `Deleted: ${id}\n`])
      expect(gone.stderr).toContain(`./synap restore ${id}`)
      await expect(ana.client.getEntity(id)).rejects.toMatchObject({ status: 404 })
      expect(await printed('undo', id, '--wait')).toContain('the item is back')
      await printed('delete', id)
      expect(await documents('restore', id, '--wait')).toEqual([numbersOf(id)])
      expect((await entityOf(id)).title).toBe('By file')
      expect(await refused(2, 'purge', id)).toContain('needs --yes')
      expect(await printed('purge', id, '--yes', '--wait')).toBe(`Purged: ${id}`)
      expect(await refused(1, 'restore', id)).toContain('There is no such item')
    },
    storyMs,
  )

  it(
    'given what AI proposed, it is shown, and taken or turned down',
    async () => {
      const id = await settled('Proposals')
      const { content, version } = await entityOf(id)
      const analysis: AnalysisRequest = {
        analysisId: randomUUID() as AnalysisId,
        contentHash: content?.sha256 ?? '',
        enricherVersion: '1',
        run: 0,
        basedOnVersion: version,
        model: 'a model',
        promptVersion: '1',
        offline: true,
        outcome: 'completed',
        result: {
          type: { value: 'idea', confidence: 0.3 },
          tags: [
            { name: 'proposed', confidence: 0.3 },
            { name: 'unwanted', confidence: 0.3 },
          ],
        },
      }
      await ana.client.recordAnalysis(id, analysis)
      await entityOf(id)
      expect(await printed('get', id)).toMatch(/^proposed +tag proposed \(30 %; /m)
      expect(await refused(1, 'accept', id, 'tag')).toContain('Synap refused this: ')
      expect(await printed('accept', id, 'tag', 'proposed')).toBe(`Accepted proposed: ${id}`)
      expect(await documents('reject', id, 'tag', 'unwanted', '--wait')).toEqual([numbersOf(id)])
      const { tags, suggestions } = await entityOf(id)
      expect(tags).toMatchObject([{ name: 'proposed', provenance: { by: 'user' } }])
      expect(suggestions.map(({ field }) => field)).not.toContain('tag')
      expect(await refused(2, 'accept', id, 'colour')).toContain('Allowed choices')
    },
    storyMs,
  )

  it(
    'given a batch of the client, all of it is there, in the order in which it was sent, or none of it',
    async () => {
      const items = ['one', 'two', 'three'].map((title) => ({ type: 'note' as const, title }))
      const { items: captured, sequence } = await ana.client.captureBatch(items)
      expect(captured.at(-1)?.sequence).toBe(sequence)
      for (const [place, { id }] of captured.entries()) {
        expect((await entityOf(id)).title).toBe(items[place]?.title)
      }
      const { value } = await ana.client.list({ limit: 1 })
      const wrong = [...items, { type: 'note' as const, title: ' ' }]
      await expect(ana.client.captureBatch(wrong)).rejects.toMatchObject({ status: 400 })
      expect((await ana.client.list({ limit: 1 })).value.items[0]?.id).toBe(value.items[0]?.id)
    },
    storyMs,
  )

  it(
    'given a file that goes past ingest, the client announces it, and it is there once it is completed',
    async () => {
      const bytes = randomBytes(100_000)
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      const target = { kind: 'capture' as const, entity: { type: 'note' as const, title: 'A tape' } }
      const { id, entityId, put } = await ana.client.openUpload({ target, size: bytes.length, sha256 })
      await expect(ana.client.completeUpload(id)).rejects.toMatchObject({
        status: 422,
        problem: { code: 'upload.not_arrived' },
      })
      const { url = '', headers = {} } = put ?? {}
      expect((await fetch(url, { method: 'PUT', headers, body: bytes })).ok).toBe(true)
      const completed = await ana.client.completeUpload(id)
      expect(completed).toEqual(numbersOf(entityId))
      expect(await ana.client.completeUpload(id)).toEqual(completed)
      expect(await ana.client.getUpload(id)).toMatchObject({ status: 'completed', put: null })
      expect((await entityOf(entityId)).content).toMatchObject({ sha256, size: bytes.length })
    },
    storyMs,
  )

  it(
    'given settings, they are set, shown, and taken back',
    async () => {
      expect(await printed('settings')).toMatch(/^time zone +none\nlanguage +none$/)
      const said = await printed('settings', '--time-zone', 'Europe/Berlin', '--language', 'de', '--wait')
      expect(said).toMatch(/^time zone +Europe\/Berlin\nlanguage +de$/)
      expect(await documents('settings')).toEqual([
        { id: ana.userId, timeZone: 'Europe/Berlin', language: 'de' },
      ])
      expect(await documents('settings', '--language', 'none', '--wait')).toEqual([numbersOf(ana.userId)])
      expect(await printed('settings')).toMatch(/^time zone +Europe\/Berlin\nlanguage +none$/)
      expect(await refused(1, 'settings', '--time-zone', 'Nowhere/Land')).toContain(
        'timeZone must be an IANA time zone',
      )
      expect(await printed('undo', 'me', '--wait')).toContain('language back to “de”')
      expect(await documents('settings')).toMatchObject([{ timeZone: 'Europe/Berlin', language: 'de' }])
    },
    storyMs,
  )
})
