import { limits } from '@synap/contracts'

/** The beginning of a text on one line, at most 200 UTF-16 code units and never half a character; null for white space. */
export function buildPreview(text: string): string | null {
  // Four times as much is read, so that much white space at the beginning still leaves something.
  const line = text
    .slice(0, limits.preview * 4)
    .replace(/\s+/gu, ' ')
    .trim()
    .slice(0, limits.preview)
  const whole = line.isWellFormed() ? line : line.slice(0, -1)
  return whole.trim() === '' || !whole.isWellFormed() ? null : whole.trim()
}
