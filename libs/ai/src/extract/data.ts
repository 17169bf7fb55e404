import { createTextBuilder, type TextBuilder } from './text-builder.ts'

type Parts = ReturnType<TextBuilder['parts']>

/** Larger JSON and tables are read as plain text. */
const largestData = 1024 * 1024
const mostLines = 50_000
/** UTF-16 units of lines; short values under long names can come to much more than the source. */
const largestText = 2 * largestData
const deepest = 60
/** Rows of a table in one block, so that chunks break between rows anyway and blocks stay few. */
const rowsPerBlock = 20
const rowsLookedAt = 20

/**
 * A text that is data: JSON as a line for each value (`owner.name: Ana`), a table of values separated by commas,
 * semicolons or tabs as it stands. Undefined for anything else, also for data that is not whole.
 */
export function readData(source: string): Parts | undefined {
  if (source.length > largestData) return undefined
  return readJson(source) ?? readTable(source)
}

function readJson(source: string): Parts | undefined {
  if (!/^\s*[[{]/u.test(source)) return undefined
  let root: unknown
  try {
    root = JSON.parse(source)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined
    throw error
  }
  const lines = linesOf(root)
  if (lines === undefined || lines.length === 0) return undefined
  const builder = createTextBuilder()
  for (let at = 0; at < lines.length; at += rowsPerBlock)
    builder.add(lines.slice(at, at + rowsPerBlock).join('\n'), 'code')
  return builder.parts()
}

/** Leaves with their paths, in order, not nested deeper than 60; undefined when they come to too much. */
function linesOf(root: unknown): string[] | undefined {
  const lines: string[] = []
  let length = 0
  const visit = (value: unknown, path: string, depth: number): void => {
    if (lines.length >= mostLines || length > largestText || depth > deepest) return
    if (Array.isArray(value)) for (const entry of value) visit(entry, path, depth + 1)
    else if (typeof value === 'object' && value !== null)
      for (const [key, entry] of Object.entries(value))
        visit(entry, path === '' ? key : `${path}.${key}`, depth + 1)
    else if (isShown(value)) {
      const line = path === '' ? String(value) : `${path}: ${String(value)}`
      length += line.length
      lines.push(line)
    }
  }
  visit(root, '', 0)
  return length > largestText ? undefined : lines
}

const isShown = (value: unknown): value is string | number | boolean =>
  (typeof value === 'string' && value !== '') || typeof value === 'number' || typeof value === 'boolean'

/** Three rows or more with the same number of separators outside quotes, two columns or more, no prose. */
function readTable(source: string): Parts | undefined {
  const rows = source.split('\n')
  const looked = rows.filter((row) => row.trim() !== '').slice(0, rowsLookedAt)
  if (looked.length < 3) return undefined
  const separator = ['\t', ';', ','].find((sign) => {
    const counts = looked.map((row) => row.replaceAll(/"(?:[^"]|"")*"/gu, '').split(sign).length - 1)
    return (counts[0] ?? 0) > 0 && counts.every((count) => count === counts[0])
  })
  // Lines of verse or prose have commas too, but a blank after them and seldom the same number in every line.
  if (separator === undefined || (separator === ',' && looked.every((row) => /,\s/u.test(row))))
    return undefined
  const builder = createTextBuilder()
  for (let at = 0; at < rows.length; at += rowsPerBlock)
    builder.add(rows.slice(at, at + rowsPerBlock).join('\n'), 'table')
  return builder.parts()
}
