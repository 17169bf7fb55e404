import { extractText, largestText } from '@synap/ai'
import { SynapError } from '@synap/core'
import { findExtraction, type StoredExtraction } from '../sql/results.ts'
import { extractProducer } from './extract.ts'
import type { Objects } from './objects.ts'
import type { StepContext } from './step.ts'

/** The extraction that an earlier step stored. */
export async function readExtraction({ job, commit }: StepContext): Promise<StoredExtraction> {
  const stored = await commit((client) => findExtraction(client, { ...job, producer: extractProducer }))
  if (stored !== undefined) return stored
  throw new SynapError('a step began before the extraction was stored', {
    code: 'enricher.no_extraction',
    class: 'bug',
  })
}

/** The extracted text: from this run's memory, else from the object store, else (a title) made again. */
export async function readText(
  { job, memory, signal }: StepContext,
  objects: Objects,
  { textKey }: StoredExtraction,
): Promise<string> {
  if (memory.text !== undefined) return memory.text
  memory.text =
    textKey !== null
      ? (await objects.read(textKey, { maxBytes: 2 * largestText, signal })).bytes.toString('utf8')
      : job.source.kind === 'title'
        ? extractText(job.source.title).text
        : ''
  return memory.text
}
