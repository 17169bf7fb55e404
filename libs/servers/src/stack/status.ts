import { describeError } from '@synap/core'
import { providerNamed } from '../choose-provider.ts'
import { serversConfig } from '../config.ts'
import { probeServer } from '../health.ts'
import { isRunning } from '../process/identity.ts'
import { type ServerKind, type ServerProvider, serverKinds } from '../server.ts'
import { stackLayout } from './layout.ts'
import { portsOfPart } from './ports.ts'
import { type PartRecord, readRecords } from './records.ts'
import { serviceProblem } from './service-process.ts'
import { type ServiceName, serviceNames } from './services.ts'
import { readSettings, type StackSettings, serverSettings } from './settings.ts'

export interface PartStatus {
  name: ServerKind | ServiceName
  kind: 'server' | 'service'
  /** `ready`: works. `unready`: runs and cannot work, see `problem`. `down`: does not run. */
  state: 'ready' | 'unready' | 'down'
  /** Why it is not ready, in one line. */
  problem: string | null
  /** `127.0.0.1:4100`; null before the first start. */
  address: string | null
  pid: number | null
  container: string | null
  /** Milliseconds since it was started; null when it is down. */
  uptimeMs: number | null
  log: string | null
}

export interface StackStatus {
  /** True when every part is ready. */
  ok: boolean
  provider: string | null
  parts: PartStatus[]
}

/** Asks each server and service how it is; all at once, at most some seconds. */
export async function status(root: string, folder?: string): Promise<StackStatus> {
  const layout = stackLayout(root, folder)
  const settings = readSettings(layout)
  const records = readRecords(layout)
  const provider = settings === undefined ? undefined : providerNamed(settings.provider, serversConfig())
  const context = { settings, provider, layout }
  const parts = await Promise.all([
    ...serverKinds.map((kind) => serverStatus(kind, records.get(kind), context)),
    ...serviceNames.map((name) => serviceStatus(name, records.get(name), settings)),
  ])
  const ok = parts.every((part) => part.state === 'ready')
  return { ok, provider: settings?.provider ?? null, parts }
}

interface Context {
  settings: StackSettings | undefined
  provider: ServerProvider | undefined
  layout: ReturnType<typeof stackLayout>
}

async function serverStatus(
  kind: ServerKind,
  record: PartRecord | undefined,
  { settings, provider, layout }: Context,
): Promise<PartStatus> {
  const base = describe(kind, 'server', record, settings)
  if (record === undefined || record.type === 'service' || provider === undefined || settings === undefined)
    return base
  if (!(await provider.isRunning(record))) return { ...base, problem: 'it was started and has ended' }
  const problem = await probeServer(provider, kind, serverSettings(layout, settings)).then(
    () => null,
    (error: unknown) => describeError(error).split('\n')[0] ?? '',
  )
  return alive(base, record, problem)
}

async function serviceStatus(
  name: ServiceName,
  record: PartRecord | undefined,
  settings: StackSettings | undefined,
): Promise<PartStatus> {
  const base = describe(name, 'service', record, settings)
  if (record?.type !== 'service' || settings === undefined) return base
  if (!isRunning(record)) return { ...base, problem: 'it was started and has ended' }
  return alive(base, record, (await serviceProblem(name, settings)) ?? null)
}

/** A part as it is known without asking it: down. */
function describe(
  name: ServerKind | ServiceName,
  kind: PartStatus['kind'],
  record: PartRecord | undefined,
  settings: StackSettings | undefined,
): PartStatus {
  const [port] = portsOfPart[name]
  const address = settings === undefined || port === undefined ? null : `127.0.0.1:${settings.ports[port]}`
  const nothing = { pid: null, container: null, uptimeMs: null }
  return { name, kind, state: 'down', problem: null, address, ...nothing, log: record?.log ?? null }
}

function alive(base: PartStatus, record: PartRecord, problem: string | null): PartStatus {
  return {
    ...base,
    state: problem === null ? 'ready' : 'unready',
    problem,
    pid: record.type === 'container' ? null : record.pid,
    container: record.type === 'container' ? record.container : null,
    uptimeMs: Date.now() - record.started,
  }
}
