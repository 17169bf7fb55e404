export { inboxDdl, parkedDdl } from './ddl.ts'
export { createReaderDecoder, createWriterDecoder, type SchemaById } from './decode.ts'
export { createInbox } from './inbox.ts'
export { createRecordInbox, type RecordInboxOptions, type TracedRecord } from './record-inbox.ts'
export { forgetParked } from './sql/forget-parked.ts'
export type {
  Decode,
  Decoded,
  Envelope,
  FetchedEvent,
  Head,
  Inbox,
  InboxOptions,
  ParkReason,
  PlacedEvent,
  Placement,
  Refusal,
  WriterSchema,
} from './types.ts'
export { startUpkeep, type Upkeep } from './upkeep.ts'
