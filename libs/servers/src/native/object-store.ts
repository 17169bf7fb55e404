import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ServerSettings } from '../server.ts'
import { versitygwArguments } from '../settings/object-store.ts'
import type { Launch } from './launch.ts'

/** The command that runs the S3 gateway over a folder. The keys stand in its environment, not on its command line. */
export function objectStoreLaunch(rootfs: string, folder: string, settings: ServerSettings): Launch {
  const data = join(settings.dataFolder, 'object-store')
  for (const name of ['buckets', 'versions']) mkdirSync(join(data, name), { recursive: true, mode: 0o700 })
  const env = {
    ROOT_ACCESS_KEY: settings.secrets.s3AccessKeyId,
    ROOT_SECRET_KEY: settings.secrets.s3SecretAccessKey,
  }
  const sandbox = { rootfs, env, readOnly: { '/mnt/versitygw': folder }, writable: { '/srv': data } }
  const listen = `127.0.0.1:${settings.ports.objectStore}`
  const command = ['/mnt/versitygw/versitygw', ...versitygwArguments(listen, '/srv/buckets', '/srv/versions')]
  const ports = [settings.ports.objectStore]
  return { sandbox, command, ports }
}
