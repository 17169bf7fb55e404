import { run } from '../process/run.ts'

const deadlineMs = 5_000

/** Why no container can be run here; undefined when a Docker daemon answers. */
export async function dockerObstacle(
  environment: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const timeout = AbortSignal.timeout(deadlineMs)
  const both = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
  try {
    const args = ['version', '--format', '{{.Server.Version}}']
    const { code } = await run('docker', args, { env: environment, signal: both })
    return code === 0 ? undefined : 'no Docker daemon answers'
  } catch (error) {
    signal?.throwIfAborted()
    if (timeout.aborted) return `the Docker daemon did not answer within ${deadlineMs / 1000} s`
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'the docker command is missing'
    throw error
  }
}
