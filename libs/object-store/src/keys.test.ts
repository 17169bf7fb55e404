import type { EntityId, UserId } from '@synap/core'
import { sha256Hex } from '@synap/core'
import { describe, expect, it } from 'vitest'
import {
  assertKey,
  attachmentKey,
  contentKey,
  derivedTextKey,
  exportKey,
  ownerOfKey,
  safeName,
} from './keys.ts'

const userId = '01890a5d-ac96-774b-bcce-b302099a8057' as UserId
const entityId = '01890a5d-ac96-774b-bcce-b302099a8058' as EntityId
const sha256 = sha256Hex('x')
const hash = sha256.slice(0, 16)

describe('keys', () => {
  it('given ids and a hash, each kind of object has its place', () => {
    expect(contentKey({ userId, entityType: 'note', entityId, sha256, extension: 'md' })).toBe(
      `users/${userId}/notes/${entityId}.${hash}.md`,
    )
    expect(attachmentKey({ userId, entityId, sha256, fileName: 'Mein Bild.PNG' })).toBe(
      `users/${userId}/attachments/${entityId}-${hash}-Mein-Bild.PNG`,
    )
    expect(derivedTextKey({ userId, entityId, sha256 })).toBe(
      `users/${userId}/derived/${entityId}.${hash}.txt`,
    )
    expect(exportKey({ userId, startedAt: 0, fileName: 'manifest.json' })).toBe(
      `users/${userId}/exports/1970-01-01T00-00-00-000Z/manifest.json`,
    )
  })

  it('given a key, it says whose it is and what; one that no builder makes says nothing', () => {
    const content = contentKey({ userId, entityType: 'note', entityId, sha256, extension: 'md' })
    const attachment = attachmentKey({ userId, entityId, sha256, fileName: 'Mein Bild.tar.gz' })
    for (const key of [content, content.replace(/md$/, '1a2b3c4d.md')])
      expect(ownerOfKey(key)).toEqual({ kind: 'content', userId })
    for (const key of [attachment, attachment.replace(/gz$/, '1a2b3c4d.gz')])
      expect(ownerOfKey(key)).toEqual({ kind: 'attachment', userId })
    expect(ownerOfKey(derivedTextKey({ userId, entityId, sha256 }))?.kind).toBe('derived')
    expect(ownerOfKey(exportKey({ userId, startedAt: 0, fileName: 'x' }))?.kind).toBe('export')
    const others = [
      'users/me/notes/x',
      `users/${userId}/notes/`,
      `users/${userId}/notes/${entityId}.md`,
      `users/${userId}/attachments/x`,
      `users/${userId}/note/${entityId}.${hash}.md`,
      `users/${userId}/notes/more/${entityId}.${hash}.md`,
      `backup/${content}`,
      '',
    ]
    for (const key of others) expect([key, ownerOfKey(key)]).toEqual([key, undefined])
  })

  it('given hostile file names, only harmless ones come out', () => {
    const hostile = [
      '../../etc/passwd',
      '..\\..\\boot.ini',
      '%2e%2e%2f',
      'a\r\nX-Header: 1',
      '\0',
      '',
      '...',
      '/',
      'ｆ／ｇ.txt',
      `${'a'.repeat(5_000)}.${'b'.repeat(5_000)}`,
      '"quoted".html',
      '💾',
    ]
    for (const name of hostile) {
      const safe = safeName(name)
      expect(safe).toMatch(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/)
      expect(safe.length).toBeLessThanOrEqual(100)
      expect(() => assertKey(attachmentKey({ userId, entityId, sha256, fileName: name }))).not.toThrow()
    }
    expect(safeName('report.final.pdf')).toBe('report.final.pdf')
  })

  it('given something else than ids and hashes, no key is made', () => {
    const good = { userId, entityType: 'note', entityId, sha256, extension: 'md' }
    for (const bad of [
      { userId: '../x' as UserId },
      { entityId: 'a/b' as EntityId },
      { sha256: 'short' },
      { entityType: '../' },
    ]) {
      expect(() => contentKey({ ...good, ...bad })).toThrow('not a key')
    }
    expect(contentKey({ ...good, extension: '../../x' })).toMatch(/\.x$/)
  })
})
