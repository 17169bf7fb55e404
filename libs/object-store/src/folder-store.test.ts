import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { objectStoreContract } from '../test/contract.ts'
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

const dataFileOf = async (folder: string, key: string) => {
  const files = await readdir(folder, { recursive: true })
  return join(folder, files.find((file) => file.startsWith(`${key}@data-`)) ?? 'missing')
}

objectStoreContract('a folder', async () => {
  const folder = await newFolder()
  return {
    store: createFolderStore(folder),
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
