export { inboxDdl } from './ddl.ts'
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
