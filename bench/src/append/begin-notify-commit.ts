// The same with a NOTIFY for the relay.
import { beginCommit } from './transactions.ts'

export const createContender = beginCommit([
  { name: 'notify', text: `select pg_notify('bench_outbox', '')`, values: [] },
])
