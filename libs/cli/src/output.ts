import { stripVTControlCharacters } from 'node:util'
import Table from 'cli-table3'
import { paint } from './paint.ts'

/** One JSON document on stdout. */
export function printJson(value: unknown): void {
  console.log(JSON.stringify(value))
}

/** What goes on besides the answer: to stderr, so that stdout stays the answer alone. */
export function note(text: string): void {
  console.error(text)
}

/** Text of a table; a function is told how many columns there are for it (`Infinity` where nothing limits them). */
export type Cell = string | ((room: number) => string)

/** Rows under heads on stdout: no wider than the terminal, in full where stdout is no terminal. */
export function printTable(heads: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const width = process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY
  for (const line of layOut(heads, rows, width)) console.log(line)
}

const gap = 2
/** The last column gets this much even where the lines become too long for it. */
const leastRoom = 10
const edges = [
  'top',
  'top-mid',
  'top-left',
  'top-right',
  'bottom',
  'bottom-mid',
  'bottom-left',
  'bottom-right',
  'left',
  'left-mid',
  'mid',
  'mid-mid',
  'right',
  'right-mid',
]

/**
 * The lines of a table without borders. Every column is as wide as its widest cell; the last one gets what is left of
 * `width`, and what does not fit is cut with an ellipsis. A row of empty heads is left out.
 */
export function layOut(
  heads: readonly string[],
  rows: readonly (readonly Cell[])[],
  width: number,
): string[] {
  const last = heads.length - 1
  const widths = heads
    .slice(0, last)
    .map((head, column) => Math.max(...[head, ...rows.map((row) => textOf(row[column]))].map(widthOf)))
  const taken = widths.reduce((sum, each) => sum + each + gap, 0)
  const room = Math.max(leastRoom, width - taken)
  const table = new Table({
    head: heads.some((head) => head !== '') ? heads.map((head) => paint.dim(head)) : [],
    colWidths: Number.isFinite(room) ? [...widths, room] : widths,
    chars: { ...Object.fromEntries(edges.map((edge) => [edge, ''])), middle: ' '.repeat(gap) },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  })
  for (const row of rows) table.push(row.map((cell) => textOf(cell, room)))
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
}

const textOf = (cell: Cell | undefined, room = Number.POSITIVE_INFINITY): string =>
  typeof cell === 'function' ? cell(room) : (cell ?? '')

const widthOf = (text: string): number =>
  Math.max(...text.split('\n').map((line) => stripVTControlCharacters(line).length))

/** Controls and marks that turn the direction of text: content of others must not command a terminal. */
const unprintable = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** Text on one line that a terminal takes for text; as many UTF-16 code units as before. */
export const plain = (text: string): string => text.replace(unprintable, ' ')

/** Cuts text to a width with an ellipsis, on one line. */
export function clip(text: string, width: number): string {
  const line = plain(text).replace(/\s+/g, ' ').trim()
  if (line.length <= width) return line
  return `${line.slice(0, Math.max(0, width - 1)).replace(/[\uD800-\uDBFF]$/, '')}…`
}
