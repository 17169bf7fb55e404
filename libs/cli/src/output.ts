import Table from 'cli-table3'
import pc from 'picocolors'

/** One JSON document on stdout. */
export function printJson(value: unknown): void {
  console.log(JSON.stringify(value))
}

/** Rows under heads, without borders; the last column takes what is left of the terminal. */
export function printTable(heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const none = Object.fromEntries(
    ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'].map(
      (name) => [name, ''],
    ),
  )
  const table = new Table({
    head: heads.map((head) => pc.dim(head)),
    chars: {
      ...none,
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '  ',
    },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  })
  for (const row of rows) table.push([...row])
  console.log(table.toString())
}

/** What goes on besides the answer: to stderr, so that stdout stays the answer alone. */
export function note(text: string): void {
  console.error(text)
}

const units: ReadonlyArray<readonly [Intl.RelativeTimeFormatUnit, number]> = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

/** `2 hours ago`, `tomorrow`; `now` within a minute. */
export function relativeTime(time: string | number | Date, now = Date.now()): string {
  const seconds = Math.round((new Date(time).getTime() - now) / 1_000)
  const unit = units.find(([, size]) => Math.abs(seconds) >= size)
  return unit === undefined ? 'just now' : relative.format(Math.round(seconds / unit[1]), unit[0])
}

/** Cuts text to a width with an ellipsis, on one line. */
export function clip(text: string, width: number): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`
}
