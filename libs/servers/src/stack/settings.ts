import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createSecrets } from '../secrets.ts'
import type { ServerProvider, ServerSecrets, ServerSettings } from '../server.ts'
import { dataFolder, type StackLayout } from './layout.ts'
import {
  defaultStackPorts,
  ephemeralStackPorts,
  type PortName,
  type StackPorts,
  serverPorts,
} from './ports.ts'

export interface StackSettings {
  provider: ServerProvider['name']
  ports: StackPorts
  secrets: ServerSecrets
}

export const bucketName = 'synap'

/** What an earlier `up` has kept; undefined before the first. */
export function readSettings(layout: StackLayout): StackSettings | undefined {
  if (!existsSync(layout.settingsFile)) return undefined
  const kept = JSON.parse(readFileSync(layout.settingsFile, 'utf8')) as StackSettings
  return { ...kept, ports: { ...defaultStackPorts, ...kept.ports } }
}

export interface PortOptions {
  /** Ports named one by one; they are kept for the next start. */
  ports?: Partial<Record<PortName, number>>
  /** Take ports that are free now. */
  ephemeral?: boolean
}

/** Settings for this start, from the kept ones, with what the options change; written before anything starts. */
export async function updateSettings(
  layout: StackLayout,
  provider: ServerProvider['name'],
  options: PortOptions,
): Promise<StackSettings> {
  const kept = readSettings(layout)
  const base = options.ephemeral === true ? await ephemeralStackPorts() : (kept?.ports ?? defaultStackPorts)
  const settings: StackSettings = {
    provider,
    ports: { ...base, ...options.ports },
    secrets: kept?.secrets ?? createSecrets(),
  }
  writePrivate(layout.settingsFile, `${JSON.stringify(settings, null, 2)}\n`)
  return settings
}

export function serverSettings(layout: StackLayout, settings: StackSettings, bound = false): ServerSettings {
  return {
    ports: serverPorts(settings.ports),
    secrets: settings.secrets,
    dataFolder: dataFolder(layout, settings.provider),
    logFolder: layout.logs,
    mode: 'durable',
    bound,
  }
}

/** Creates the folders of the stack, closed to other users. */
export function createFolders(layout: StackLayout): void {
  for (const folder of [layout.folder, layout.run, layout.logs]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    chmodSync(folder, 0o700)
  }
}

/** Writes a file that only its owner reads, all of it or nothing. */
export function writePrivate(file: string, text: string): void {
  const part = `${file}.${process.pid}.part`
  writeFileSync(part, text, { mode: 0o600 })
  renameSync(part, file)
}
