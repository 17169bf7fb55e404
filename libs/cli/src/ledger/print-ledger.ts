import { type Ledger, ledgerGaps } from '@synap/ledger'
import { printTable } from '../output.ts'
import { paint } from '../paint.ts'

/** The ledger for people: a line per store, then whether they agree. */
export function printLedger(ledger: Ledger): void {
  const { acknowledged, objects, outbox, topic, log, readModel, jobs } = ledger
  const number = (value: number) => value.toLocaleString('en')
  const unlessZero = (value: number, text: string) => (value === 0 ? '' : `${number(value)} ${text}`)
  printTable(
    ['store', 'items', 'events', ''],
    [
      ['acknowledged', number(acknowledged.items), number(acknowledged.events), ''],
      ['object store', number(objects.present), '', unlessZero(objects.unreferenced, 'unreferenced')],
      ['outbox', '', number(outbox.events), unlessZero(outbox.unpublished, 'not published')],
      [
        'topic',
        '',
        topic ? number(topic.events) : '?',
        topic ? unlessZero(topic.repeated, 'sent twice') : '',
      ],
      ['event log', '', number(log.events), unlessZero(log.parked, 'parked')],
      ['read model', number(readModel.items), number(readModel.seen), unlessZero(readModel.parked, 'parked')],
      ['texts', number(readModel.texts), '', ''],
      ['vectors', number(readModel.vectors), '', unlessZero(jobs.withoutVectors, 'without words')],
      ['enriched', number(jobs.done), '', unlessZero(jobs.failed, 'failed')],
    ],
  )
  const gaps = ledgerGaps(ledger)
  if (gaps.length === 0) return console.log(paint.green('The ledger agrees: nothing lost, nothing twice.'))
  console.log(paint.red('The ledger does not agree:'))
  for (const gap of gaps) console.log(`  ${gap}`)
}
