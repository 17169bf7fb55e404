import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { meetsTarget, type Report, renderReport, writeReport } from './report.ts'

const report: Report = {
  benchmark: 'x',
  startedAt: '2026-01-02T03:04:05.678Z',
  seconds: 12.3,
  options: { rounds: 5 },
  machine: {
    cpu: 'a processor',
    cores: 2,
    memoryGiB: 8,
    system: 'a system',
    node: 'v24',
    loadAtStart: 0.1,
    loadAtEnd: 1.5,
    commit: 'abc',
  },
  outcome: {
    spreadIs: 'lowest to highest',
    rows: [
      {
        what: 'time',
        value: 1_234.56,
        unit: 'ms',
        count: 5,
        spread: [0.01234, 2_000],
        target: { atMost: 1_000 },
      },
      { what: 'rate', value: 99.96, unit: '/s', count: 1, target: { atLeast: 50 } },
      { what: 'nothing', value: Number.NaN, unit: 'ms', count: 0 },
    ],
    failures: ['one was lost'],
    notes: ['Nothing else ran.'],
    raw: [1, 2],
  },
}

describe('a report', () => {
  it('given rows, the table has value, spread and target, and the machine stands above', () => {
    const text = renderReport(report)
    expect(text).toContain('| time | 1,235 ms | 0.0123 to 2,000 | 5 | ≤ 1,000 ms: **missed** |')
    expect(text).toContain('| rate | 100 /s |  | 1 | ≥ 50 /s: met |')
    expect(text).toContain('| nothing | – ms |')
    expect(text).toContain(
      'a processor, 2 cores, 8 GiB; a system; Node v24; load 0.1 at the start, 1.5 at the end',
    )
    expect(text).toContain('`npm run bench -- x --rounds 5`')
    expect(text).toContain('**failed**: one was lost')
    expect(report.outcome.rows.map(meetsTarget)).toEqual([false, true, true])
  })

  it('given a folder, raw JSON and table lie there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'synap-report-'))
    try {
      const { json, markdown } = writeReport(report, join(folder, 'new'))
      expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({
        machine: { cores: 2 },
        outcome: { raw: [1, 2] },
      })
      expect(readFileSync(markdown, 'utf8')).toBe(renderReport(report))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
