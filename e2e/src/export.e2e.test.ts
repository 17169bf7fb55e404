import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, type Pipeline, ways } from './pipeline.ts'

const run = promisify(execFile)
/** Larger than one part of an upload, and than what is checked as a whole. */
const large = randomBytes(12_000_000)

describe.each(ways)('an export by command: $way', ({ startPipeline }) => {
  let pipeline: Pipeline
  let ana: Account
  let folder: string

  beforeAll(async () => {
    pipeline = await startPipeline()
    ana = await pipeline.createAccount('ana')
    folder = await mkdtemp(join(tmpdir(), 'synap-export-test-'))
  })
  afterAll(async () => {
    await pipeline?.[Symbol.asyncDispose]()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  })

  const synap = async (...args: string[]) => {
    const { stdout, stderr, code } = await pipeline.synap(ana, ...args)
    expect([args, code, code === 0 ? '' : stderr]).toEqual([args, 0, ''])
    return stdout
  }

  it('given notes, a task, tags, a link and a large file, all of it is in the file, which any program opens', async () => {
    const file = join(folder, 'large.bin')
    await writeFile(file, large)
    const capture = async (...args: string[]) =>
      JSON.parse(await synap('capture', ...args, '--no-wait', '--json')) as { id: string; sequence: number }
    const note = await capture('The kingfisher nests in the bank', '--tag', 'birds')
    const task = await capture('Buy milk tomorrow')
    await capture(file)
    await synap('link', note.id, task.id, '--json')
    await eventually(
      'every item is complete',
      async () => {
        for (const { id } of [note, task]) {
          const { stages } = await ana.client.status(id as never)
          expect(stages.filter(({ state }) => state !== 'done' && state !== 'skipped')).toEqual([])
        }
        return true
      },
      { deadlineMs: 60_000 },
    )
    const archive = join(folder, 'synap.zip')
    const said = JSON.parse(await synap('export', archive, '--json'))
    expect(said).toMatchObject({
      file: archive,
      export: { status: 'done', gaps: { missingEvents: 0, incomplete: 0, files: 0 } },
      verification: {
        ok: true,
        folded: true,
        manifest: { userId: ana.userId, counts: { entities: 3, relations: 1, files: 3 } },
      },
    })
    expect(JSON.stringify(said)).not.toContain('X-Amz-Signature')
    const verified = JSON.parse(await synap('export', 'verify', archive, '--json'))
    expect(verified).toMatchObject({ ok: true, folded: true })

    const { stdout } = await run('python3', [
      '-c',
      'import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\nprint(z.read("entities.ndjson").decode())',
      archive,
    ])
    expect(stdout).toContain('kingfisher')
    expect(stdout).toContain('"by":"ai"')
  })

  it('given a file that is there, it is kept; given one that was damaged, it is refused', async () => {
    const archive = join(folder, 'synap.zip')
    const before = await readFile(archive)
    const refused = await pipeline.synap(ana, 'export', archive)
    expect([refused.code, refused.stderr.includes('--force')]).toEqual([2, true])
    expect((await readFile(archive)).equals(before)).toBe(true)
    const damaged = join(folder, 'damaged.zip')
    const bytes = Buffer.from(before)
    const at = bytes.length >> 1
    bytes[at] = (bytes[at] ?? 0) ^ 1
    await writeFile(damaged, bytes)
    const judged = await pipeline.synap(ana, 'export', 'verify', damaged)
    expect([judged.code, judged.stdout.includes('wrong')]).toEqual([1, true])
  })
})
