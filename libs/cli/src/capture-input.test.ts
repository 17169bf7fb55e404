import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readCaptureInput } from './capture-input.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'synap-capture-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function* none(): AsyncGenerator<Buffer> {}
async function* pieces(bytes: Buffer, size = 50_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
const ofFile = async (name: string, bytes: Buffer | string) => {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return { path, input: await readCaptureInput([path], none()) }
}
const ofStdin = (bytes: Buffer | string) => readCaptureInput(['-'], pieces(Buffer.from(bytes)))
const bytesOf = async (input: Awaited<ReturnType<typeof ofStdin>>) => {
  if (input.kind === 'text' || 'path' in input.source) throw new Error('not a stream')
  return buffer(input.source.stream)
}
const text = (content: string) => ({ kind: 'text', content })

describe('what is captured', () => {
  it('given words, they are the content, also a single one that names no file', async () => {
    expect(await readCaptureInput(['Buy', 'milk'], none())).toEqual(text('Buy milk'))
    expect(await readCaptureInput(['milk'], none())).toEqual(text('milk'))
    await expect(readCaptureInput([''], none())).rejects.toThrow('nothing to capture')
    await expect(readCaptureInput([folder], none())).rejects.toThrow('is a folder')
  })

  it('given a text file, its text is the content, to the byte', async () => {
    expect((await ofFile('a.md', '# Grüße\r\n')).input).toEqual(text('# Grüße\r\n'))
    const marked = (await ofFile('b.txt', '\uFEFFhello')).input
    expect(marked).toEqual(text('\uFEFFhello'))
  })

  it('given anything else, it is a file, whatever its name says; and so is a text that is data by its name', async () => {
    const files: [string, Buffer | string][] = [
      ['a.txt', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1])],
      ['a.md', Buffer.from([0xff, 0xfe, 0x41])],
      ['page.md', '<!doctype html><p>x'],
      ['large.md', 'x'.repeat(1_048_577)],
      ['empty.bin', Buffer.from([0])],
      ['prices.CSV', 'name;price\nmilk;2\n'],
      ['recipe.json', '{"flour": 500}'],
    ]
    for (const [name, bytes] of files) {
      const { path, input } = await ofFile(name, bytes)
      expect(input).toEqual({ kind: 'file', source: { path }, name, size: Buffer.from(bytes).length })
    }
  })

  it('given standard input, text is content and bytes are a file, all of them', async () => {
    expect(await ofStdin('hello')).toEqual(text('hello'))
    const small = Buffer.from([1, 2, 0, 255])
    expect(await bytesOf(await ofStdin(small))).toEqual(small)
    const large = Buffer.alloc(3_000_000, 'text that goes on and on ')
    const input = await ofStdin(large)
    expect(input).toMatchObject({ kind: 'file', name: undefined })
    expect((await bytesOf(input)).equals(large)).toBe(true)
  })
})
