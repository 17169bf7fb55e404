import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describeError } from '@synap/core'
import { type ServerProvider, serverKinds } from '@synap/servers'
import { chooseTestProvider } from '../choose-provider.ts'
import { createScratchFolder, removeScratchFolder } from '../scratch-folder.ts'
import { createServerSet, type ServerSet } from '../server-set.ts'
import { createTestDatabases, type TestDatabases } from './databases.ts'
import type { CoordinatorAddress, CoordinatorCalls, CoordinatorRoute } from './protocol.ts'

export interface Coordinator {
  address: CoordinatorAddress
  close(): Promise<void>
}

interface Owned {
  servers: ServerSet
  databases: TestDatabases
}

/**
 * Owns the servers that all test files of one run share, in the process that outlives them. No server runs before the
 * first test asks for it; only what is not in the cache yet is fetched at once, because that takes minutes and a test
 * has a deadline.
 */
export async function startCoordinator(report: (line: string) => void): Promise<Coordinator> {
  const provider = await chooseTestProvider()
  await provider.prepare(serverKinds, report)
  const folder = createScratchFolder()
  const removeFolder = () => removeScratchFolder(folder)
  process.once('exit', removeFolder)
  const token = randomBytes(16).toString('hex')
  let owned: Promise<Owned> | undefined
  const own = () => {
    owned ??= createOwned(provider, report, folder)
    owned.catch(() => (owned = undefined))
    return owned
  }
  const server = createServer((request, response) => {
    void answer(request, token, own).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
  })
  // A first start builds the cache; no test should be told that the coordinator hung up on it.
  server.requestTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    address: { url: `http://127.0.0.1:${port}`, token, folder },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await (await owned?.catch(() => undefined))?.servers.close()
      process.off('exit', removeFolder)
      removeFolder()
    },
  }
}

async function createOwned(
  provider: ServerProvider,
  report: (line: string) => void,
  parentFolder: string,
): Promise<Owned> {
  const servers = await createServerSet(provider, { report, parentFolder })
  return { servers, databases: createTestDatabases(servers) }
}

type Handlers = {
  [Route in CoordinatorRoute]: (
    owned: Owned,
    request: CoordinatorCalls[Route]['request'],
  ) => Promise<CoordinatorCalls[Route]['response']>
}

const handlers: Handlers = {
  '/servers': async ({ servers }, { kinds }) => {
    await servers.ensure(kinds)
    return { addresses: servers.addresses }
  },
  '/databases/create': async ({ servers, databases }, { services }) => {
    await servers.ensure(['postgres'])
    return { name: await databases.create(services) }
  },
  '/databases/drop': async ({ databases }, { name }) => {
    await databases.drop(name)
    return {}
  },
  '/sql': async ({ servers }, { database, sql }) => {
    await servers.ensure(['postgres'])
    return { lines: await servers.superuserSql(database, sql) }
  },
}

async function answer(
  request: IncomingMessage,
  token: string,
  own: () => Promise<Owned>,
): Promise<{ status: number; body: unknown }> {
  if (request.headers.authorization !== `Bearer ${token}`)
    return { status: 401, body: { error: 'wrong token' } }
  const handler = handlers[request.url as CoordinatorRoute] as
    | ((owned: Owned, body: unknown) => Promise<unknown>)
    | undefined
  if (handler === undefined) return { status: 404, body: { error: `no route ${request.url ?? ''}` } }
  try {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    return { status: 200, body: await handler(await own(), JSON.parse(text)) }
  } catch (error) {
    return { status: 500, body: { error: describeError(error) } }
  }
}
