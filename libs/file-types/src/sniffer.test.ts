import { randomBytes } from 'node:crypto'
import { deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createSniffer, type FileKind } from './index.ts'

async function sniff(bytes: Buffer | string, name: string | null = null, size = 1_000): Promise<FileKind> {
  const all = Buffer.from(bytes)
  const sniffer = createSniffer(name)
  for (let at = 0; at < all.length; at += size) await sniffer.push(all.subarray(at, at + size))
  return sniffer.end()
}
const typeOf = async (bytes: Buffer | string, name?: string) => (await sniff(bytes, name)).fileType

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

describe('what a file is', () => {
  it('given bytes of known formats, it is told by them, whatever the name says', async () => {
    expect(await sniff(png, 'notes.md')).toEqual({
      fileType: 'image',
      contentType: 'image/png',
      extension: 'png',
    })
    expect(await typeOf('%PDF-1.7\n1 0 obj\n<< >>\nendobj\n', 'photo.jpg')).toBe('pdf')
    const mp3 = Buffer.concat([
      Buffer.from('ID3\u0004\0\0\0\0\0\0'),
      Buffer.from([0xff, 0xfb, 0x90, 0x64]),
      randomBytes(500),
    ])
    expect(await typeOf(mp3)).toBe('audio')
    const mp4 = Buffer.concat([
      Buffer.from([0, 0, 0, 0x18]),
      Buffer.from('ftypisom\0\0\u0002\0isommp41'),
      randomBytes(100),
    ])
    expect(await sniff(mp4)).toMatchObject({ fileType: 'video', contentType: 'video/mp4' })
    expect(await sniff(gzipSync('x'))).toMatchObject({ fileType: 'other', contentType: 'application/gzip' })
    expect(await sniff(deflateSync(randomBytes(200)).fill(0, 0, 4))).toEqual({
      fileType: 'other',
      contentType: 'application/octet-stream',
      extension: 'bin',
    })
  })

  it('given text, the name tells Markdown from the rest and nothing else', async () => {
    expect(await sniff('# Grüße \u{1f95b}', 'NOTES.MD')).toMatchObject({
      fileType: 'markdown',
      contentType: 'text/markdown; charset=utf-8',
    })
    expect(await sniff('a,b\r\n1,2', 'data.csv')).toMatchObject({
      fileType: 'text',
      contentType: 'text/plain; charset=utf-8',
    })
    expect(await typeOf('hello', 'photo.png')).toBe('text')
    expect(await typeOf('')).toBe('text')
  })

  it('given text that begins like a signature, it is text', async () => {
    for (const words of [
      'BMW drives',
      'MZ is a company',
      'GIF is a format',
      '%!PDF is not',
      'ID3 tags',
      'PK, said he',
    ]) {
      expect([words, await typeOf(`${words} and more of it`)]).toEqual([words, 'text'])
    }
  })

  it('given formats of printable characters, they are not taken for text', async () => {
    expect(await sniff('{\\rtf1\\ansi hello}')).toMatchObject({
      fileType: 'other',
      contentType: 'application/rtf',
    })
    expect(await typeOf('%!PS-Adobe-3.0\n%%Pages: 1\n')).toBe('other')
  })

  it('given a page or an SVG image, it is one; Markdown that begins with HTML is not', async () => {
    const pages = [
      '<!DOCTYPE html><p>x',
      '\uFEFF \n<!-- made by -->\n<HTML lang="en">',
      '<?xml version="1.0"?><!DOCTYPE html PUBLIC "x">',
      '<script>alert(1)</script>',
    ]
    for (const page of pages) expect([page, await typeOf(page, 'page.md')]).toEqual([page, 'html'])
    expect(await sniff(Buffer.from('<html><p>Gr\xfc\xdfe', 'latin1'))).toMatchObject({
      contentType: 'text/html',
    })
    const svg = '<?xml version="1.0"?>\n<!-- x -->\n<svg xmlns="http://www.w3.org/2000/svg"/>'
    expect(await sniff(svg, 'a.txt')).toEqual({
      fileType: 'image',
      contentType: 'image/svg+xml',
      extension: 'svg',
    })
    for (const text of [
      '<div align="center">\n# Title',
      '<h1>Title</h1>',
      '<!-- toc -->\n# A',
      '<html-like>',
      'a <html>',
    ]) {
      expect([text, await typeOf(text, 'readme.md')]).toEqual([text, 'markdown'])
    }
  })

  it('given text that stops being text at its very end, it is not text', async () => {
    const long = Buffer.alloc(200_000, 'a')
    expect(await typeOf(long)).toBe('text')
    expect(await typeOf(Buffer.concat([long, Buffer.from([0])]))).toBe('other')
    expect(await typeOf(Buffer.concat([long, Buffer.from([0xff])]))).toBe('other')
    expect(await typeOf(Buffer.concat([long, Buffer.from('ü').subarray(0, 1)]))).toBe('other')
  })

  it('given a character that two chunks share, it is whole', async () => {
    expect((await sniff('ü'.repeat(100), 'x.txt', 3)).fileType).toBe('text')
    expect((await sniff('\u{1f95b}'.repeat(40_000), 'x.txt', 3)).fileType).toBe('text')
  })

  it('given the first 64 KiB, what it seems to be is known before the end', async () => {
    const sniffer = createSniffer(null)
    await sniffer.push(png)
    expect(sniffer.seems).toBeUndefined()
    await sniffer.push(Buffer.alloc(65_536))
    expect(sniffer.seems?.fileType).toBe('image')
  })

  it('given a page that goes on for ever before its first element, it is told in bounded time', async () => {
    const started = process.cpuUsage()
    for (const text of [
      '<!--'.repeat(16_000),
      `<?${' '.repeat(60_000)}`,
      '<?a?>'.repeat(13_000),
      ' '.repeat(65_000),
    ])
      expect(await typeOf(text)).toBe('text')
    // Backtracking without a bound takes minutes here.
    expect(process.cpuUsage(started).user).toBeLessThan(5_000_000)
  })
})
