import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, type SynapClient } from '@synap/client'
import { parseEnv, type ServiceContext } from '@synap/runtime'
import { createLogger } from '@synap/telemetry'
import { type StandaloneConfig, standaloneConfig } from '../src/config.ts'
import { type Drivers, openDrivers } from '../src/open-drivers.ts'
import { startServices } from '../src/start-services.ts'

export interface InProcess extends AsyncDisposable {
  url: string
  drivers: Drivers
  /** For the person's own key. */
  client: SynapClient
}

/** All of standalone in this process, on a folder of its own, so that a test can reach behind its API. */
export async function startInProcess(): Promise<InProcess> {
  const stopping = new AbortController()
  const closers: (() => unknown)[] = []
  const dataDir = await mkdtemp(join(tmpdir(), 'synap-in-process-'))
  const context: ServiceContext<StandaloneConfig> = {
    config: parseEnv(standaloneConfig, { DATA_DIR: dataDir, PORT: '0' }),
    logger: createLogger('standalone', { level: 'silent' }),
    defer: (_name, close) => closers.push(close),
    signal: stopping.signal,
    adminUrl: '',
    health: { ready: () => undefined, live: () => undefined },
    fail: (error) => {
      throw error
    },
  }
  const close = async () => {
    stopping.abort(new Error('the test is over'))
    for (const closer of closers.reverse()) await closer()
    await rm(dataDir, { recursive: true, force: true })
  }
  try {
    const drivers = await openDrivers(context)
    const url = await startServices(context, drivers)
    const client = createClient({ ingestUrl: url, queryUrl: url, apiKey: drivers.keys.apiKey })
    return { url, drivers, client, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}
