import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const deadlineMs = 5_000

/** Why no container can be run here; undefined when a Docker daemon answers. */
export async function dockerObstacle(): Promise<string | undefined> {
  try {
    const args = ['version', '--format', '{{.Server.Version}}']
    await promisify(execFile)('docker', args, { timeout: deadlineMs })
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? 'the docker command is missing'
      : 'no daemon answers'
  }
}
