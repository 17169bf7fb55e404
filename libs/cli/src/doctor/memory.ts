import { totalmem } from 'node:os'
import { type Check, type Finding, ok, warning } from './check.ts'
import type { Way } from './context.ts'
import { formatBytes } from './format-bytes.ts'

/** What a start takes, measured with room to spare; what runs has taken its share already. */
const needed = { start: 600 * 2 ** 20, up: 3 * 2 ** 30, running: 200 * 2 ** 20 }

export const memory: Check = {
  name: 'memory',
  otherwise: () => 'free -h',
  run: async ({ way }) => judgeMemory(process.availableMemory(), totalmem(), way),
}

export function judgeMemory(available: number, total: number, way: Way): Finding {
  const found = `${formatBytes(available)} of ${formatBytes(total)} available`
  const isRunning = way === 'standalone' || way === 'stack'
  if (available < (isRunning ? needed.running : needed.start))
    return warning(found, 'End other programs: Synap may be slow or be killed (free -h)')
  return !isRunning && available < needed.up
    ? ok(`${found}: enough for ./synap start, little for ./synap up`)
    : ok(found)
}
