import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ServerSettings } from '../server.ts'
import type { Launch } from './launch.ts'

/** Any name will do for a gateway of one's own; clients must sign with the same. */
export const s3Region = 'us-east-1'

/** The command that runs the S3 gateway over a folder. The keys stand in its environment, not on its command line. */
export function objectStoreLaunch(rootfs: string, folder: string, settings: ServerSettings): Launch {
  const data = join(settings.dataFolder, 'object-store')
  for (const name of ['buckets', 'versions']) mkdirSync(join(data, name), { recursive: true, mode: 0o700 })
  const env = {
    ROOT_ACCESS_KEY: settings.secrets.s3AccessKeyId,
    ROOT_SECRET_KEY: settings.secrets.s3SecretAccessKey,
  }
  const sandbox = { rootfs, env, readOnly: { '/mnt/versitygw': folder }, writable: { '/srv': data } }
  const command = ['/mnt/versitygw/versitygw', '--port', `127.0.0.1:${settings.ports.objectStore}`]
  command.push('--region', s3Region, '--quiet', '--keep-alive', '--health', '/health')
  command.push('posix', '--versioning-dir', '/srv/versions', '/srv/buckets')
  const ports = [settings.ports.objectStore]
  return { sandbox, command, ports }
}
