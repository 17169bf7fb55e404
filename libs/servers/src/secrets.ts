import { randomBytes } from 'node:crypto'
import type { ServerSecrets } from './server.ts'

/** Fresh random secrets: 192 bits each, hexadecimal, so that they fit into URLs and SQL as they are. */
export function createSecrets(): ServerSecrets {
  const secret = () => randomBytes(24).toString('hex')
  return {
    databasePassword: secret(),
    registryPassword: secret(),
    s3AccessKeyId: `synap${randomBytes(8).toString('hex')}`,
    s3SecretAccessKey: secret(),
  }
}
