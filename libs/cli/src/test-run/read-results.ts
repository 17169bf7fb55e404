import { z } from 'zod'

/** What a run of the tests came to. */
export interface TestCounts {
  passed: number
  failed: number
  /** A sentence each: which test, and what it needs. */
  skips: string[]
}

const reportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
    }),
  ),
})

/**
 * Counts what vitest's JSON report says (the text, undefined when vitest wrote none) together with vitest's exit code.
 * A file that broke before or beside its tests counts as at least one failure, and its tests that were not run as one
 * each: they are no skips. A run that ended badly has at least one failure, whatever the report says.
 */
export function readResults(report: string | undefined, exitCode: number): TestCounts {
  const counts: TestCounts = { passed: 0, failed: 0, skips: [] }
  for (const file of parseReport(report)) {
    const named = (...states: string[]) =>
      file.assertionResults.filter(({ status }) => states.includes(status))
    const passed = named('passed')
    const failed = named('failed')
    const others = file.assertionResults.filter((test) => !passed.includes(test) && !failed.includes(test))
    const isBroken = file.status === 'failed' && failed.length === 0
    const skipped = isBroken ? others.filter(({ fullName }) => saysWhy(fullName)) : others
    counts.passed += passed.length
    counts.failed += failed.length
    if (isBroken) counts.failed += Math.max(1, others.length - skipped.length)
    counts.skips.push(
      ...skipped.map(({ fullName }) => (saysWhy(fullName) ? fullName : `${fullName} [no reason given]`)),
    )
  }
  if (exitCode !== 0 && counts.failed === 0) counts.failed = 1
  return counts
}

/** `needs()` of @synap/testing puts it into the name. */
const saysWhy = (name: string): boolean => name.includes('[needs ')

function parseReport(report: string | undefined): z.infer<typeof reportSchema>['testResults'] {
  try {
    return reportSchema.parse(JSON.parse(report ?? '')).testResults
  } catch {
    // Not there, cut off or of another version: nothing in it counts as passed.
    return [{ name: 'the report of vitest', status: 'failed', assertionResults: [] }]
  }
}

/** The last line on stdout: `12 passed, 0 failed, 1 skipped`. */
export function countsLine({ passed, failed, skips }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skips.length > 0 ? `, ${skips.length} skipped` : ''}`
}
