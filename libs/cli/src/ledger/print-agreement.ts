import type { Agreement, FindingKind, LedgerFinding, LedgerStore } from '@synap/contracts'
import { clip, note, printTable } from '../output.ts'
import { paint } from '../paint.ts'
import { shortTime } from '../relative-time.ts'

const storeNames: Record<LedgerStore, string> = {
  outbox: 'outbox',
  topic: 'topic',
  log: 'event log',
  read_model: 'read model',
}

const kindNames: Record<FindingKind, string> = {
  lost: 'lost',
  absent: 'with nobody',
  fork: 'forked',
  duplicated: 'duplicated',
  ahead: 'ahead',
  parked: 'parked',
  in_flight: 'in flight',
  repeated: 'sent twice',
  discarded: 'discarded',
}

/** Told as a number only: nothing has to be done about each. */
const numbersOnly: ReadonlySet<FindingKind> = new Set(['in_flight', 'repeated', 'discarded'])

/** A comparison for people: a line per store, what was found, then whether they agree. */
export function printAgreement(agreement: Agreement, findings: readonly LedgerFinding[]): void {
  const { held, found } = agreement
  const number = (value: number) => value.toLocaleString('en')
  const foundIn = (store: LedgerStore) =>
    found
      .filter((one) => one.store === store)
      .map(({ kind, events }) => `${number(events)} ${kindNames[kind]}`)
      .join(', ')
  printTable(
    ['store', 'events', ''],
    [
      ['given out', number(agreement.events), agreement.userId ?? `to ${usersText(agreement.users)}`],
      [storeNames.outbox, number(held.outbox), foundIn('outbox')],
      [storeNames.topic, held.topic === null ? '?' : number(held.topic.records), foundIn('topic')],
      [storeNames.log, number(held.log), foundIn('log')],
      [storeNames.read_model, number(held.readModel), foundIn('read_model')],
    ],
  )
  printFindings(findings.filter(({ kind }) => !numbersOnly.has(kind)))
  printVerdict(agreement, findings)
}

const usersText = (users: number) => (users === 1 ? '1 user' : `${users.toLocaleString('en')} users`)

function printFindings(findings: readonly LedgerFinding[]): void {
  if (findings.length === 0) return
  console.log()
  printTable(
    ['what', 'where', 'user', 'sequence', 'item', 'version', 'why'],
    findings.map(({ kind, store, userId, sequence, events, aggregateId, version, detail }) => [
      paint.red(kindNames[kind]),
      storeNames[store],
      userId,
      events === 1 ? String(sequence) : `${sequence}…${sequence + events - 1}`,
      aggregateId ?? '',
      version === null ? '' : String(version),
      (room) => clip(detail, room),
    ]),
  )
}

function printVerdict(
  { agrees, found, oldestInFlightAt: oldest }: Agreement,
  findings: readonly LedgerFinding[],
) {
  const ill = found.filter(({ kind }) => !numbersOnly.has(kind))
  const sum = (counts: readonly { events: number }[]) => counts.reduce((all, { events }) => all + events, 0)
  const untold = sum(ill) - sum(findings.filter(({ kind }) => !numbersOnly.has(kind)))
  if (untold > 0) note(`… and ${untold.toLocaleString('en')} more; --limit tells more of them.`)
  console.log()
  console.log(
    agrees
      ? paint.green('The stores agree: nothing lost, nothing forked, nothing twice.')
      : paint.red('The stores do not agree. docs/reference/operations.md says what to do about each.'),
  )
  if (oldest !== null) console.log(`On its way, the oldest from ${shortTime(oldest)}.`)
}
