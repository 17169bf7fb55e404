import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ServerRecord } from '../server.ts'
import type { StackLayout } from './layout.ts'
import type { ServiceName } from './services.ts'
import { writePrivate } from './settings.ts'

/** A service that `up` has started, told from later processes of the same number by its start time. */
export interface ServiceRecord {
  name: ServiceName
  type: 'service'
  pid: number
  startedAt: string
  ports: number[]
  log: string
  /** Milliseconds since 1970. */
  started: number
}

export type PartRecord = ServerRecord | ServiceRecord

export function writeRecord(layout: StackLayout, record: PartRecord): void {
  writePrivate(join(layout.run, `${record.name}.json`), `${JSON.stringify(record, null, 2)}\n`)
}

export function removeRecord(layout: StackLayout, name: string): void {
  rmSync(join(layout.run, `${name}.json`), { force: true })
}

/** What was started and not yet stopped by us, by name; whether it still runs is another question. */
export function readRecords(layout: StackLayout): Map<string, PartRecord> {
  const records = new Map<string, PartRecord>()
  if (!existsSync(layout.run)) return records
  for (const name of readdirSync(layout.run)) {
    if (!name.endsWith('.json')) continue
    const record = JSON.parse(readFileSync(join(layout.run, name), 'utf8')) as PartRecord
    records.set(record.name, record)
  }
  return records
}
