import { createTcpProxy, type TcpProxy, type TestService } from '@synap/testing'
import type { IngestStack } from './ingest-stack.ts'

export interface BehindProxies {
  service: TestService
  postgres: TcpProxy
  objects: TcpProxy
  close: () => Promise<void>
}

/** Ingest behind proxies to Postgres and S3. */
export async function startBehindProxies(
  stack: IngestStack,
  more: Record<string, string> = {},
): Promise<BehindProxies> {
  const database = new URL(stack.env['DATABASE_URL'] ?? '')
  const s3 = new URL(stack.env['S3_ENDPOINT'] ?? '')
  const [postgres, objects] = [
    await createTcpProxy(Number(database.port)),
    await createTcpProxy(Number(s3.port)),
  ]
  database.port = String(postgres.port)
  s3.port = String(objects.port)
  s3.hostname = '127.0.0.1'
  database.hostname = '127.0.0.1'
  const service = await stack.start({ DATABASE_URL: database.href, S3_ENDPOINT: s3.origin, ...more })
  await service.waitReady()
  const close = async () => {
    await service.stop()
    await Promise.all([postgres.close(), objects.close()])
  }
  return { service, postgres, objects, close }
}
