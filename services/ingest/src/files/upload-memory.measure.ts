import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createIngestStack, type IngestStack } from '../../test/ingest-stack.ts'
import { peakMemory, upload } from '../../test/upload.ts'

let stack: IngestStack
let folder: string
beforeAll(async () => {
  stack = await createIngestStack()
  folder = await mkdtemp(join(tmpdir(), 'synap-memory-'))
}, 300_000)
afterAll(async () => {
  await stack?.close()
  await rm(folder, { recursive: true, force: true })
})

const megabytes = (bytes: number) => Math.round(bytes / 1e6)

/** The figures of ADR 0011: the most memory that a process of ingest has had, before and after files of 100 MB. */
describe('the memory of ingest', () => {
  for (const telemetry of [false, true]) {
    // The first start fills the compile cache, the others find it.
    it.each(['first start', 'second start', 'third start'])(`telemetry ${telemetry}, %s`, async (start) => {
      const env = {
        MAX_OTHER_BYTES: '128000000',
        UPLOAD_DIR: folder,
        NODE_COMPILE_CACHE: join(folder, `compiled-${telemetry}`),
      }
      await using service = await stack.start(env, { telemetry })
      await service.waitReady()
      const account = await stack.createAccount()
      await upload(service, { bytes: Buffer.alloc(600_000, 1) }, { account })
      const peaks = [peakMemory(service.pid)]
      for (const last of [1, 2, 3]) {
        const bytes = Buffer.alloc(100_000_000, Buffer.from([0, 1, 2, 3, 250, last]))
        const answer = await upload(service, { bytes, name: 'large.bin' }, { account })
        expect(answer.status).toBe(201)
        peaks.push(peakMemory(service.pid))
      }
      process.stdout.write(`telemetry ${telemetry}, ${start}: ${peaks.map(megabytes).join(', ')} MB\n`)
    })
  }
})
