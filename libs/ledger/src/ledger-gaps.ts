import type { Ledger } from '@synap/contracts'

/** Where the stores disagree, a sentence each; empty when nothing is lost, doubled or still on its way. */
export function ledgerGaps(ledger: Ledger): string[] {
  const { acknowledged, objects, outbox, topic, log, readModel, jobs } = ledger
  const gaps: string[] = []
  const expect = (what: string, is: number, should: number) => {
    if (is !== should) gaps.push(`${what}: ${is}, not ${should}`)
  }
  expect('content objects in the bucket', objects.present, objects.referenced)
  expect('content objects', objects.referenced, acknowledged.withContent)
  expect('objects nothing refers to', objects.unreferenced, 0)
  expect('events in the outbox', outbox.events, acknowledged.events)
  expect('events not published', outbox.unpublished, 0)
  if (topic !== null) expect('events in the topic', topic.events, acknowledged.events)
  expect('events in the log', log.events, acknowledged.events)
  expect('events parked by the log', log.parked, 0)
  expect('items in the read model', readModel.items, acknowledged.items)
  expect('events seen by the read model', readModel.seen, acknowledged.events)
  expect('events parked by the read model', readModel.parked, 0)
  expect('items with a text', readModel.texts, acknowledged.withContent)
  expect('items with vectors', readModel.vectors, acknowledged.items - jobs.withoutVectors)
  expect('items enriched', jobs.done, acknowledged.items)
  expect('items whose enrichment failed', jobs.failed, 0)
  return gaps
}
