import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { sha256Hex } from '@synap/core'
import { afterAll, describe, expect, it } from 'vitest'
import { objectStoreContract } from '../test/contract.ts'
import { ownHeaders } from '../test/own-headers.ts'
import { answerLink } from './answer-link.ts'
import { createLinks } from './folder-links.ts'
import { createFolderStore } from './folder-store.ts'

const folders: string[] = []
const newFolder = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'synap-objects-'))
  folders.push(folder)
  return folder
}
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true })
})

const servers: Server[] = []
afterAll(() => {
  for (const server of servers) server.close()
})
const secret = Buffer.alloc(32, 7)

/** A folder with an app that answers its presigned requests. */
async function servedFolder(folder: string) {
  const server = createServer((request, response) => {
    const { method = '', url = '' } = request
    answerLink(store, { method, url, headers: ownHeaders(request), body: request }).then(
      (answer) => {
        if (answer.status === 403) return response.writeHead(403).end(answer.why)
        response.writeHead(200, answer.headers)
        return answer.body === null ? response.end() : answer.body.pipe(response)
      },
      (error: { code?: string }) =>
        response.writeHead(error.code === 'object.not_found' ? 404 : 400).end(error.code),
    )
  })
  servers.push(server)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const store = createFolderStore(folder, { baseUrl: () => url, secret })
  return { store, url }
}

const dataFileOf = async (folder: string, key: string) => {
  const files = await readdir(folder, { recursive: true })
  return join(folder, files.find((file) => file.startsWith(`${key}@data-`)) ?? 'missing')
}

objectStoreContract('a folder', async () => {
  const folder = await newFolder()
  const { store, url } = await servedFolder(folder)
  return {
    store,
    leaveUnfinished: async (key) => {
      const path = join(folder, ...key.split('/'))
      await mkdir(dirname(path), { recursive: true })
      await writeFile(`${path}@data-ffffffffffffffff`, 'half of the new')
    },
    lifeOf: (link) => Math.round(Number(new URL(link).searchParams.get('expires')) - Date.now() / 1_000),
    forged: (link) => [
      link.replace(/expires=\d+/, 'expires=9999999999'),
      link.replace(/signature=.*/, ''),
      link.replace(/signature=.{5}/, 'signature=AAAAA'),
      `${link}&expires=9999999999`,
      `${link}&name=x.html`,
      link.replace('/objects/', '/objects/../objects/x/'),
      link.replace('/objects/', '/objects/%2e%2e%2f'),
      link.replace(url, `${url}/elsewhere`),
    ],
    damage: async (key) => {
      const file = await dataFileOf(folder, key)
      const bytes = await readFile(file)
      bytes[100] = (bytes[100] ?? 0) ^ 1
      await writeFile(file, bytes)
    },
  }
})

describe('a folder', () => {
  it('given a process that died between data and sidecar, the old object is still whole', async () => {
    const folder = await newFolder()
    const store = createFolderStore(folder)
    await store.put('a/b.md', Buffer.from('old'), { contentType: 'text/plain' })
    await writeFile(join(folder, 'a', 'b.md@data-ffffffffffffffff'), 'half of the new')
    await writeFile(join(folder, 'a', 'b.md@data-ffffffffffffffff.json'), '{"half')
    expect((await store.read('a/b.md', { maxBytes: 100 })).bytes.toString()).toBe('old')
  })

  it('given a key below another key, both live', async () => {
    const store = createFolderStore(await newFolder())
    await store.put('x', Buffer.from('1'), { contentType: 'text/plain' })
    await store.put('x/y', Buffer.from('2'), { contentType: 'text/plain' })
    expect((await store.read('x', { maxBytes: 9 })).bytes.toString()).toBe('1')
    expect((await store.read('x/y', { maxBytes: 9 })).bytes.toString()).toBe('2')
  })

  it('given many puts of one key at once, and a delete, no data file stays behind', async () => {
    const folder = await newFolder()
    const store = createFolderStore(folder)
    const contents = Array.from({ length: 20 }, (_, i) => String(i).repeat(1_000))
    const text = { contentType: 'text/plain' }
    await Promise.all(contents.map((content) => store.put('k', Buffer.from(content), text)))
    expect(await readdir(folder)).toHaveLength(2)
    await store.delete('k')
    expect(await readdir(folder)).toEqual([])
  })
})

describe('links of a folder', () => {
  const at = (ms: number, key = secret) => createLinks({ baseUrl: () => 'http://x', secret: key }, () => ms)
  const opened = async (by: ReturnType<typeof createLinks>, method = 'GET') => {
    const { url } = await at(1_000_000).presignGet('a/b.md')
    const { pathname, searchParams: query } = new URL(url)
    return by.links.open({ method, key: pathname.slice('/objects/'.length), query, headers: {} })
  }

  it('given a link, it opens until its time is over, and only with the secret it was made with', async () => {
    expect(await opened(at(1_299_999))).toMatchObject({ outcome: 'get', key: 'a/b.md' })
    expect(await opened(at(1_300_000))).toEqual({ outcome: 'refused', why: 'expired' })
    expect(await opened(at(1_000_000, Buffer.alloc(32, 8)))).toEqual({
      outcome: 'refused',
      why: 'not_signed',
    })
    expect(await opened(at(1_000_000), 'PUT')).toEqual({ outcome: 'refused', why: 'not_signed' })
  })

  it('given a folder that nobody answers for, it does not presign', async () => {
    const store = createFolderStore(await newFolder())
    const refusal = { code: 'object.presign_unsupported' }
    expect([store.canPresign, store.links]).toEqual([false, null])
    await expect(store.presignGet('a')).rejects.toMatchObject(refusal)
    const put = { contentType: 'text/plain', size: 1, sha256: sha256Hex('x') }
    await expect(store.presignPut('a', put)).rejects.toMatchObject(refusal)
  })
})
