import type { ParkedGroup, ParkingConsumer, ParkReason } from '@synap/contracts'

type Words = Pick<ParkedGroup, 'meaning' | 'advice' | 'ifDiscarded'>

const inDerived = 'records of words and vectors; nothing waits for them'

const meanings: Readonly<Record<ParkReason, { meaning: string; advice: string }>> = {
  headers_unusable: {
    meaning: 'A record on the topic without the headers that say whose it is and where it belongs.',
    advice: 'Find who else writes to the topic. It cannot be applied, only discarded.',
  },
  inconsistent: {
    meaning: 'Key, headers and payload of a record name different places: it is not what ingest published.',
    advice: 'Find who else writes to the topic. It cannot be applied, only discarded.',
  },
  fork: {
    meaning: 'Two events claim one place in the order of a user; the other one is kept.',
    advice:
      'Was a database restored? Run ./synap ledger --user ID and read "After a restore" in the manual before discarding.',
  },
  missing: {
    meaning: 'An event was numbered, and neither the topic nor ingest has it.',
    advice: 'Restore it (ingest: outbox or log), then retry: ingest is asked again. Else discard its place.',
  },
  undecodable: {
    meaning: 'Bytes that do not follow the schema they were written with.',
    advice:
      'Retry asks the bytes again after a repair, or with newer code. Ingest is asked for a whole copy by itself.',
  },
  killer: {
    meaning: 'The process died while it decoded these bytes, three times.',
    advice:
      'Retry only with code that was repaired: each retry decodes the bytes once and may end the consumer once.',
  },
  needs_newer_code: {
    meaning: 'Events of a type, or with words, that this version does not know.',
    advice: 'Upgrade this service: they are tried by themselves then.',
  },
  refused_by_store: {
    meaning: 'The database refused what the event says, as data.',
    advice: 'The detail names the rule. Repair the code or the rule, then retry.',
  },
  behind_parked: {
    meaning: 'Events that wait behind another one, which is settled by now.',
    advice: 'They are tried within a minute; retry tries them now.',
  },
  behind_missing: {
    meaning: 'Events that wait behind a missing one, which is settled by now.',
    advice: 'They are tried within a minute; retry tries them now.',
  },
}

const afterDiscard: Readonly<Record<ParkingConsumer, string>> = {
  'events-writer':
    'The log never gets these events: history, states of the past and every rebuild go on without them, for good. What ingest holds of the items stays.',
  projector:
    'Lists, search and reads go on without these changes, until a later change sets the same fields; what waits behind them is applied, but for items whose beginning (entity.created) is given up: of those all is parked again. The log keeps them, and a rebuild leaves them out as well.',
  enricher:
    'No job is made from these events: their items stay without AI until their content changes or somebody asks with :enrich. What waits behind them is handled.',
}

/** What a group is about, what to do, and what giving it up means, in words for an operator. */
export function explainGroup(
  consumer: ParkingConsumer,
  { reason, slot }: { reason: string; slot: boolean },
): Words {
  const known = meanings[reason as ParkReason] ?? {
    meaning: 'Parked for a reason that this version does not know.',
    advice: 'Upgrade query: it explains what the consumer parks.',
  }
  return { ...known, ifDiscarded: ifDiscarded(consumer, reason, slot) }
}

function ifDiscarded(consumer: ParkingConsumer, reason: string, slot: boolean): string {
  if (slot) return afterDiscard[consumer]
  return ['headers_unusable', 'inconsistent', 'fork'].includes(reason)
    ? 'Nothing changes: it has no place, and nothing waits for it.'
    : `Search does not find their items by what these say (${inDerived}), until the items are enriched again.`
}
