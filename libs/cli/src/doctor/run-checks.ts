import { describeError, withDeadline } from '@synap/core'
import type { Check, Finding } from './check.ts'
import type { DoctorContext } from './context.ts'

/** A check's outcome, as `--json` gives it. */
export interface Checked extends Finding {
  name: string
}

const defaultDeadlineMs = 5_000

/**
 * Starts all checks at once, for none depends on another, and gives the outcomes in their order. One that does not apply
 * is left out; one that rejects or takes too long has failed.
 */
export async function* runChecks(checks: readonly Check[], context: DoctorContext): AsyncGenerator<Checked> {
  const running = checks.map(async (check) => ({ name: check.name, finding: await runOne(check, context) }))
  for (const one of running) {
    const { name, finding } = await one
    if (finding !== undefined) yield { name, ...finding }
  }
}

async function runOne(check: Check, context: DoctorContext): Promise<Finding | undefined> {
  try {
    return await withDeadline(check.name, check.deadlineMs ?? defaultDeadlineMs, undefined, (signal) =>
      check.run(context, signal),
    )
  } catch (error) {
    const [found = ''] = describeError(error).split('\n')
    return { state: 'failed', found, advice: check.otherwise(context) }
  }
}
