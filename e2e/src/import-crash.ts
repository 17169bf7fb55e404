import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importFolder } from './import-folder.ts'
import type { Pipeline, ServiceName, Way } from './pipeline.ts'
import { copyRealMarkdown, type MarkdownFolder } from './real-markdown.ts'

/** At each of these points the process kills itself, the given time it passes there. */
const crashes: { service: ServiceName; point: string; when: string }[] = [
  { service: 'ingest', point: 'ingest.after_put:15', when: 'after the put, before the commit' },
  { service: 'ingest', point: 'ingest.after_commit:15', when: 'after the commit, before the answer' },
  { service: 'ingest', point: 'relay.after_append:3', when: "after the broker's append, before the mark" },
  { service: 'events-writer', point: 'events_writer.after_commit:3', when: 'after its commit' },
  { service: 'projector', point: 'projector.after_commit:3', when: 'after its commit' },
  { service: 'enricher', point: 'enricher.after_model:10', when: 'after the model has answered' },
  { service: 'enricher', point: 'enricher.after_publish:10', when: 'after the publication' },
]

/** The tests of an import while processes die, for one way to run Synap: a file for each way, so that they share the time. */
export function describeImportCrashes({ way, startPipeline }: Way): void {
  describe(`an import of real Markdown: ${way}`, () => {
    let pipeline: Pipeline
    let few: MarkdownFolder

    beforeAll(async () => {
      pipeline = await startPipeline({ env: { RELAY_LEASE_MS: '2000', ENRICH_LEASE_MS: '3000' } })
      few = await copyRealMarkdown(40)
    })
    afterAll(async () => {
      await pipeline?.[Symbol.asyncDispose]()
      await few?.[Symbol.asyncDispose]()
    })

    it.each(crashes)(
      'given SIGKILL of $service $when, the ledger agrees after it is started again',
      async (crash) => {
        const account = await pipeline.createAccount(crash.point)
        await pipeline.end(crash.service)
        const doomed = await pipeline.start(crash.service, { SYNAP_CRASHPOINT: crash.point })
        const [answer] = await Promise.all([
          importFolder(pipeline, account, few),
          doomed.exited.then((exit) => {
            expect(exit.signal).toBe('SIGKILL')
            return pipeline.start(crash.service)
          }),
        ])
        expect(answer.failed).toEqual([])
        expect(answer.imported + answer.empty).toBe(few.files)
        expect(answer.ledger.acknowledged.items).toBe(answer.imported)
      },
    )
  })
}
