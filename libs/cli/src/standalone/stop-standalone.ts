import { stopProcess } from '@synap/servers'
import { type RunningStandalone, removeProfile, standaloneEnvFile } from './profile.ts'

/** It promises to end within 15 s of SIGTERM. */
const deadlineMs = 20_000

/** Ends a standalone and forgets it; the data stay. Answers in words how it ended. */
export async function stopStandalone(
  { process: identity }: RunningStandalone,
  profile = standaloneEnvFile,
): Promise<string> {
  const began = performance.now()
  const outcome = await stopProcess(identity, { signal: 'SIGTERM', deadlineMs, target: 'group' })
  removeProfile(identity.pid, profile)
  if (outcome === 'killed') return `killed: it did not end within ${deadlineMs / 1_000} s`
  if (outcome === 'absent') return 'it had ended before'
  return `${((performance.now() - began) / 1_000).toFixed(1)} s`
}
