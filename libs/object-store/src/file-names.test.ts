import { describe, expect, it } from 'vitest'
import { contentDisposition, displayName } from './file-names.ts'
import { safeName } from './keys.ts'

describe('a file name for people', () => {
  it('given any script, it is kept, in one form', () => {
    for (const name of [
      'Grüße aus Köln.pdf',
      '写真 2026.jpg',
      'صورة.png',
      '\u{1f468}\u200D\u{1f469}\u200D\u{1f467}.gif',
    ])
      expect(displayName(name)).toBe(name)
    expect(displayName('u\u0308.txt')).toBe('ü.txt')
  })

  it('given parts of a path, only the last is kept', () => {
    expect(displayName('../../etc/passwd')).toBe('passwd')
    expect(displayName('C:\\Users\\me\\photo.jpg')).toBe('photo.jpg')
    for (const name of ['', '.', '..', 'a/', '/', ' . ', '\u202E', '\0']) expect(displayName(name)).toBeNull()
  })

  it('given characters that hide or turn what it says, they are gone', () => {
    expect(displayName('invoice\u202Egpj.exe')).toBe('invoicegpj.exe')
    expect(displayName('a\r\nb\0\u200B\u2066c\u2028\uFEFF.txt')).toBe('a bc .txt')
    expect(displayName('half \uD83D.txt')).toBe('half .txt')
  })

  it('given a name without end, it is cut and its extension kept', () => {
    const name = displayName(`${'\u{1f95b}'.repeat(300)}.jpeg`)
    expect(name?.length).toBeLessThanOrEqual(200)
    expect(name?.isWellFormed()).toBe(true)
    expect(name?.endsWith('\u{1f95b}.jpeg')).toBe(true)
  })
})

describe('the header of a download', () => {
  const header = (name: string) => contentDisposition(name, safeName(name))

  it('given a plain name, it is said once; any other also as it is', () => {
    expect(header('photo.jpg')).toBe('attachment; filename="photo.jpg"')
    expect(header("Grüße '1'.pdf")).toBe(
      `attachment; filename="Gr-e-1.pdf"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%271%27.pdf`,
    )
  })

  it('given what would break a header, a path or a disk, none of it comes out', () => {
    for (const name of [
      'a"b\r\nSet-Cookie: x.txt',
      '../..',
      'x\u202Etxt.exe',
      'CON.txt',
      'nul',
      '\uD83D"',
      'a:b|c?.md',
    ]) {
      expect(header(name)).toMatch(
        /^attachment; filename="[A-Za-z0-9._-]+"(; filename\*=UTF-8''[A-Za-z0-9%._~!-]+)?$/,
      )
      expect(header(name)).not.toMatch(/%0|%E2%80%AE|%2F|%5C|%22/)
    }
    expect(header('CON.txt')).toBe('attachment; filename="_CON.txt"')
    expect(safeName('lpt1.tar')).toBe('_lpt1.tar')
    expect(safeName('console.log')).toBe('console.log')
  })
})
