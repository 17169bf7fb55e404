import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Outcome, Row } from './benchmark.ts'
import type { Machine } from './machine.ts'

export interface Report {
  benchmark: string
  /** ISO 8601. */
  startedAt: string
  seconds: number
  options: Readonly<Record<string, number>>
  machine: Machine
  outcome: Outcome
}

/** Writes the raw JSON and the table into `folder`; answers both paths. */
export function writeReport(report: Report, folder: string): { json: string; markdown: string } {
  mkdirSync(folder, { recursive: true })
  const stem = join(folder, `${report.benchmark}-${report.startedAt.replaceAll(/[:.]/g, '-')}`)
  const files = { json: `${stem}.json`, markdown: `${stem}.md` }
  writeFileSync(files.json, `${JSON.stringify(report, null, 1)}\n`)
  writeFileSync(files.markdown, renderReport(report))
  return files
}

/** The table as Markdown, with the machine and what a reader must know below it. */
export function renderReport({ benchmark, startedAt, seconds, options, machine, outcome }: Report): string {
  const told = Object.entries(options).map(([name, value]) => `--${name} ${value}`)
  const machineLine =
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; ${machine.system}; Node ${machine.node}; ` +
    `load ${machine.loadAtStart} at the start, ${machine.loadAtEnd} at the end; commit ${machine.commit}`
  const table = [
    ['', 'value', `spread (${outcome.spreadIs})`, 'n', 'target'],
    ['---', '---:', '---:', '---:', '---'],
    ...outcome.rows.map((row) => [row.what, valueOf(row), spreadOf(row), String(row.count), targetOf(row)]),
  ].map((cells) => `| ${cells.join(' | ')} |`)
  const parts = [
    [`# ${benchmark}`],
    [
      `\`npm run bench -- ${[benchmark, ...told].join(' ')}\`, ${startedAt}, ${Math.round(seconds)} s.`,
      machineLine,
    ],
    table,
    outcome.notes.map((note) => `- ${note}`),
    outcome.failures.map((failure) => `- **failed**: ${failure}`),
  ]
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

/** True when there is no target, or it is met. */
export function meetsTarget({ value, target }: Row): boolean {
  if (target === undefined) return true
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast
}

const valueOf = ({ value, unit }: Row): string => `${short(value)} ${unit}`

const spreadOf = ({ spread }: Row): string =>
  spread === undefined ? '' : `${short(spread[0])} to ${short(spread[1])}`

function targetOf(row: Row): string {
  if (row.target === undefined) return ''
  const [word, limit] =
    'atMost' in row.target ? (['≤', row.target.atMost] as const) : (['≥', row.target.atLeast] as const)
  return `${word} ${short(limit)} ${row.unit}: ${meetsTarget(row) ? 'met' : '**missed**'}`
}

/** Three digits that count, and no more decimals than that needs. */
function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return value.toLocaleString('en', { maximumFractionDigits: Math.min(digits, 4) })
}
