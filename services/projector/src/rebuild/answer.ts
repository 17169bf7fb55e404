import type { RebuildLine, RebuildRequest } from '@synap/contracts'
import { describeError, SynapError } from '@synap/core'
import { discard, listReadModels, switchBack } from './read-models.ts'
import { keepMs, type Rebuild, rebuild } from './rebuild.ts'

/** Does what is asked and tells it line by line; what goes wrong is the last line. Never rejects. */
export async function* answerRebuild(
  context: Rebuild,
  request: RebuildRequest,
): AsyncGenerator<RebuildLine, void> {
  const { pool, signal } = context
  try {
    switch (request.action) {
      case 'run':
        yield* rebuild(context, request)
        break
      case 'status':
        yield { readModels: await listReadModels(pool, signal) }
        break
      case 'back':
        yield { rebuild: await switchBack(pool, { keepMs, signal }) }
        break
      case 'discard':
        yield { discarded: await discard(pool) }
        break
    }
  } catch (error) {
    const known = error instanceof SynapError ? error : undefined
    yield {
      error: {
        code: known?.code ?? 'rebuild.failed',
        class: known?.class ?? 'bug',
        message: describeError(error),
      },
    }
  }
}
