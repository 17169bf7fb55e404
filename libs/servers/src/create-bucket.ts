import { createHash, createHmac } from 'node:crypto'

export interface BucketAccess {
  endpoint: string
  region: string
  accessKeyId: string
  secretAccessKey: string
}

/**
 * Creates a bucket; one that is there already and ours is fine. Signed by hand (AWS Signature Version 4, "Create a
 * signed AWS API request" in the IAM user guide), because the S3 client belongs to the services' library.
 */
export async function createBucket(
  access: BucketAccess,
  bucket: string,
  signal?: AbortSignal,
): Promise<void> {
  const url = new URL(`/${bucket}`, access.endpoint)
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const day = time.slice(0, 8)
  const bodyHash = sha256('')
  const signedHeaders = 'host;x-amz-content-sha256;x-amz-date'
  const headers = { 'x-amz-content-sha256': bodyHash, 'x-amz-date': time }
  const canonical = [
    'PUT',
    url.pathname,
    '',
    `host:${url.host}`,
    `x-amz-content-sha256:${bodyHash}`,
    `x-amz-date:${time}`,
    '',
    signedHeaders,
    bodyHash,
  ].join('\n')
  const scope = `${day}/${access.region}/s3/aws4_request`
  const key = [day, access.region, 's3', 'aws4_request'].reduce<Buffer | string>(
    (current, part) => createHmac('sha256', current).update(part).digest(),
    `AWS4${access.secretAccessKey}`,
  )
  const signature = createHmac('sha256', key)
    .update(['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n'))
    .digest('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${access.accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`
  const timeout = AbortSignal.timeout(10_000)
  const response = await fetch(url, {
    method: 'PUT',
    headers: { ...headers, authorization },
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  })
  const text = await response.text()
  if (response.ok || text.includes('BucketAlreadyOwnedByYou')) return
  throw new Error(`creating bucket ${bucket} at ${access.endpoint}: ${response.status} ${text.slice(0, 300)}`)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
