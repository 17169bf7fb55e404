import { readableUpTo } from '@synap/ai'
import { SynapError, sha256Hex } from '@synap/core'
import type { JobSource, LeasedJob } from '../job.ts'
import type { Objects } from './objects.ts'
import type { Step } from './step.ts'

/** Only what can be read is fetched: no video travels here to be found unreadable. */
export function isReadable(source: Extract<JobSource, { kind: 'content' }>): boolean {
  return readableUpTo(source.fileType) > 0 && source.size <= readableUpTo(source.fileType)
}

/** Fetches the content and makes sure that it is what was stored: other bytes are never enriched. */
export function createDownload(objects: Objects): Step {
  return async ({ job, memory, signal }) => {
    if (job.source.kind === 'title' || !isReadable(job.source)) return { state: 'skipped' }
    memory.bytes = await readContent(objects, job, signal)
    return { state: 'done' }
  }
}

/** The verified bytes of a job's content. */
export async function readContent(objects: Objects, job: LeasedJob, signal: AbortSignal): Promise<Buffer> {
  if (job.source.kind === 'title') return Buffer.from(job.source.title)
  const maxBytes = readableUpTo(job.source.fileType)
  const { bytes } = await objects.read(job.source.objectKey, { maxBytes, signal })
  if (sha256Hex(bytes) === job.contentHash) return bytes
  throw new SynapError('the stored content is not what was captured', {
    code: 'content.corrupt',
    class: 'data',
    fields: { size: bytes.length, expected: job.source.size },
  })
}
