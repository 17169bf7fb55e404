import type { StackStatus } from '@synap/servers'
import { type Check, type Finding, failed, ok, warning } from './check.ts'
import type { DoctorContext } from './context.ts'

export const way: Check = {
  name: 'synap',
  otherwise: () => './synap start',
  run: async (context) => judgeWay(context),
}

export function judgeWay({
  way: how,
  connection,
  obstacle,
  stack,
}: Pick<DoctorContext, 'way' | 'connection' | 'obstacle' | 'stack'>): Finding {
  if (how === 'none') return warning('nothing runs here', './synap start runs all of it in one process')
  if (obstacle !== undefined) {
    const [found = ''] = obstacle.split('\n')
    return failed(found, 'Give --ingest-url, --query-url and --api-key, or ./synap start')
  }
  if (how === 'standalone') return ok(`standalone, at ${connection?.ingestUrl ?? ''}`)
  if (how === 'elsewhere') return ok(`elsewhere, at ${connection?.ingestUrl ?? ''}`)
  return judgeStack(stack)
}

function judgeStack({ parts, provider }: StackStatus): Finding {
  const down = parts.filter(({ state }) => state === 'down').map(({ name }) => name)
  if (down.length === 0)
    return ok(`the stack of this checkout (${provider ?? 'unknown'}), ${parts.length} parts`)
  return failed(`the stack of this checkout, without ${down.join(', ')}`, './synap up')
}
