const maxUnits = 200
// Control and format characters, half characters, line and paragraph separators. Format characters include those that turn
// the direction of text (U+202E makes "gpj.exe" of "exe.jpg"); the two joiners are kept, for emoji and several scripts.
const invisible = /(?!\u200C|\u200D)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
/** Not to be used as names of files on Windows, whatever extension follows. */
export const reservedNames = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)/i

/**
 * A file's name for people: its last path part in any script, without characters that hide or turn what it says, at most
 * 200 UTF-16 code units with the extension kept. Null when nothing is left.
 */
export function displayName(name: string): string | null {
  const base = name.normalize('NFC').split(/[/\\]/).pop() ?? ''
  const clean = base.replace(/\s+/gu, ' ').replace(invisible, '').trim()
  if (/^[.\s]*$/.test(clean)) return null
  if (clean.length <= maxUnits) return clean
  const extension = /\.[^.\s]{1,16}$/u.exec(clean)?.[0] ?? ''
  const stem = clean.slice(0, maxUnits - extension.length)
  return (stem.isWellFormed() ? stem : stem.slice(0, -1)) + extension
}

/**
 * The value of `Content-Disposition` that makes a browser save and never show: the name in ASCII for old clients, and as
 * it is (RFC 6266, 8187).
 */
export function contentDisposition(name: string, ascii: string): string {
  const shown = (displayName(name) ?? ascii).replace(/[\\/:*?"<>|]/g, '_').replace(reservedNames, '_$&')
  if (shown === ascii) return `attachment; filename="${ascii}"`
  return `attachment; filename="${ascii}"; filename*=UTF-8''${percentEncoded(shown)}`
}

/** As `attr-char` of RFC 8187 wants it: `encodeURIComponent` leaves `'()*` as they are. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}
