import { S3Client } from '@aws-sdk/client-s3'

export interface S3StoreConfig {
  /** `http://host:port` of any S3-compatible server. */
  endpoint: string
  /** `auto` for R2. */
  region: string
  bucket: string
  accessKeyId: string
  secretAccessKey: string
  /** Milliseconds for a whole call without a streamed body, retries included; 15,000 by default. */
  deadlineMs?: number
  /** Objects up to this length are copied in one request; 256 MiB by default, 5 MiB at least. */
  wholeCopyBytes?: number
}

const connectMs = 3_000
// Without a logger the SDK warns on the console about what it reports as an error anyway.
const nothing = () => undefined
const silent = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing }

/** The client with every timeout: connecting, a silent socket, a whole request (which else would only be warned about). */
export function createClient(config: S3StoreConfig, deadlineMs: number): S3Client {
  return new S3Client({
    endpoint: config.endpoint,
    region: config.region,
    credentials: { accessKeyId: config.accessKeyId, secretAccessKey: config.secretAccessKey },
    forcePathStyle: true,
    // Else presigned PUTs carry a checksum nobody sent, and R2 refuses the trailers.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 3,
    logger: silent,
    requestHandler: {
      connectionTimeout: connectMs,
      socketTimeout: Math.min(10_000, deadlineMs),
      requestTimeout: Math.min(10_000, deadlineMs),
      throwOnRequestTimeout: true,
    },
  })
}
