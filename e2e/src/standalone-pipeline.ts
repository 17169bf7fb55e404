import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type UserId, uuidv7 } from '@synap/core'
import { accountOf, runSynap } from './commands.ts'
import type { Pipeline, PipelineOptions } from './pipeline.ts'
import { createProcesses } from './processes.ts'

/** Starts standalone on a new data folder; resolves when it is ready. Every service is the one process. */
export async function startStandalonePipeline(options: PipelineOptions = {}): Promise<Pipeline> {
  const folder = await mkdtemp(join(tmpdir(), 'synap-standalone-'))
  const dataDir = join(folder, 'data')
  const env = { DATA_DIR: dataDir, LOG_LEVEL: 'info', ...options.env }
  const processes = createProcesses(env, { telemetry: options.telemetry ?? false })
  const service = () => processes.get('standalone')
  const close = async () => {
    await processes.end('standalone')
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await processes.start('standalone')
  } catch (error) {
    await close()
    throw error
  }
  const urls = () => ({ ingestUrl: service().url, queryUrl: service().url })
  return {
    env,
    processes: ['ingest'],
    service,
    start: (_name, more) => processes.start('standalone', more),
    end: (_name, signal) => processes.end('standalone', signal),
    createAccount: async (name, scopes = ['read', 'write', 'admin']) =>
      accountOf(urls(), await createKey({ url: service().url, dataDir }, { name, scopes })),
    synap: (account, ...args) =>
      runSynap({ urls: urls(), account, env: {}, stateDir: join(folder, 'state') }, args),
    [Symbol.asyncDispose]: close,
  }
}

/** A key for a new user, as whoever runs a standalone makes one: with the operator's key of its folder. */
async function createKey(
  { url, dataDir }: { url: string; dataDir: string },
  request: { name: string; scopes: readonly string[] },
): Promise<{ key: string; userId: UserId }> {
  const keys = JSON.parse(await readFile(join(dataDir, 'keys.json'), 'utf8')) as { operatorKey: string }
  const response = await fetch(`${url}/v1/keys`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${keys.operatorKey}`,
      'synap-user': uuidv7(),
      'content-type': 'application/json',
    },
    body: JSON.stringify(request),
  })
  if (response.status !== 201) throw new Error(`no key: ${await response.text()}`)
  return (await response.json()) as { key: string; userId: UserId }
}
