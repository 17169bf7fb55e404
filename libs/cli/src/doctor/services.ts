import type { PartStatus } from '@synap/servers'
import { type Check, type Finding, failed, ok } from './check.ts'

export const services: Check = {
  name: 'services',
  otherwise: () => './synap status',
  run: async ({ way, stack }) =>
    way === 'stack' ? judgeServices(stack.parts.filter(({ kind }) => kind === 'service')) : undefined,
}

type Part = Pick<PartStatus, 'name' | 'state' | 'problem' | 'log'>

export function judgeServices(parts: readonly Part[]): Finding {
  const wrong = parts.filter(({ state }) => state !== 'ready')
  if (wrong.length === 0) return ok(`${parts.map(({ name }) => name).join(', ')} are ready`)
  const found = wrong.map(
    ({ name, state, problem }) => `${name} is ${state}${problem === null ? '' : `: ${problem}`}`,
  )
  const log = wrong.find((part) => part.state === 'unready')?.log
  return failed(found.join('; '), log ? `See its log: tail ${log}` : './synap up')
}
