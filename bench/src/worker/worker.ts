// A process of one contender: its own heap, compiler and event loop, so that nobody pays for another's garbage. The
// module named by the first argument exports `createContender`; each message is a job, each answer what it came to.
import { describeError } from '@synap/core'
import type { Answer, CreateContender } from './protocol.ts'

const [module = ''] = process.argv.slice(2)
const { createContender } = (await import(module)) as { createContender: CreateContender<unknown, unknown> }
const contender = await createContender()

process.on('message', (job) => {
  void answer(job).then((reply) => process.send?.(reply))
})
process.on('disconnect', () => process.exit())
process.send?.({ ready: true })

async function answer(job: unknown): Promise<Answer<unknown>> {
  const before = process.cpuUsage()
  try {
    const value = await contender(job)
    const { user, system } = process.cpuUsage(before)
    return { ok: true, value, cpuSeconds: (user + system) / 1_000_000 }
  } catch (error) {
    return {
      ok: false,
      reason: error instanceof Error ? (error.stack ?? error.message) : describeError(error),
    }
  }
}
