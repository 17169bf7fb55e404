import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { withLock } from '../cache/lock.ts'
import { providerNamed } from '../choose-provider.ts'
import { serversConfig } from '../config.ts'
import { stopProcess } from '../process/stop.ts'
import { serverKinds } from '../server.ts'
import { type StackLayout, stackLayout } from './layout.ts'
import { formatDuration, type Progress } from './progress.ts'
import { type PartRecord, readRecords, removeRecord } from './records.ts'
import { serviceNames } from './services.ts'
import { createFolders, readSettings, serverSettings } from './settings.ts'

/** Services promise to end within 15 s of SIGTERM. */
const serviceDeadlineMs = 20_000

export interface DownOptions {
  root: string
  /** Where the state is; `.synap` of the checkout by default. */
  folder?: string
  /** Also remove all data, keys and settings. */
  wipe?: boolean
  progress: Progress
}

/** Stops what `up` has started, and only that, in the reverse order. How many parts it stopped. */
export async function down(options: DownOptions): Promise<number> {
  const layout = stackLayout(options.root, options.folder)
  createFolders(layout)
  return withLock(layout.lockFile, {}, async () => {
    const records = readRecords(layout)
    const services = serviceNames.flatMap((name) => records.get(name) ?? [])
    // They do not need each other to end, so they end side by side; the servers one after the other, Postgres last.
    await Promise.all(services.map((record) => stopPart(layout, record, options.progress)))
    for (const kind of [...serverKinds].reverse()) {
      const record = records.get(kind)
      if (record !== undefined) await stopPart(layout, record, options.progress)
    }
    options.progress.waiting([])
    if (options.wipe === true) await wipe(layout)
    return records.size
  })
}

async function stopPart(layout: StackLayout, record: PartRecord, progress: Progress): Promise<void> {
  const began = Date.now()
  let how = ''
  if (record.type === 'service') {
    const options = { signal: 'SIGTERM', deadlineMs: serviceDeadlineMs, target: 'group' } as const
    const outcome = await stopProcess(record, options)
    if (outcome === 'killed') how = ` (killed: it did not end within ${serviceDeadlineMs / 1000} s)`
    if (outcome === 'absent') how = ' (it had ended before)'
  } else {
    await providerNamed(record.provider, serversConfig()).stop(record)
  }
  removeRecord(layout, record.name)
  progress.line(`${record.name} stopped${how === '' ? ` (${formatDuration(Date.now() - began)})` : how}`)
}

async function wipe(layout: StackLayout): Promise<void> {
  const settings = readSettings(layout)
  if (settings !== undefined) {
    await providerNamed(settings.provider, serversConfig()).wipe(serverSettings(layout, settings))
  }
  for (const name of ['data', 'logs', 'run', 'stack.env', 'settings.json']) {
    rmSync(join(layout.folder, name), { recursive: true, force: true })
  }
}
