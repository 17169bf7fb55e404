import { S3ServiceException } from '@aws-sdk/client-s3'
import { SynapError } from '@synap/core'
import { objectError } from './errors.ts'

const denied = new Set([
  'AccessDenied',
  'AccountProblem',
  'AllAccessDisabled',
  'AuthorizationHeaderMalformed',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidToken',
  'NoSuchBucket',
  'PermanentRedirect',
  'SignatureDoesNotMatch',
  'UnauthorizedAccess',
])
const damaged = new Set([
  'BadDigest',
  'InvalidDigest',
  'InvalidChecksum',
  'XAmzContentChecksumMismatch',
  'XAmzContentSHA256Mismatch',
])

/** The SDK's error as one of ours; an abort by the caller's own signal rejects with its reason. */
export function mapS3Error(error: unknown, key: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason
  if (error instanceof SynapError) return error
  if (error instanceof S3ServiceException) {
    const status = error.$metadata.httpStatusCode ?? 0
    const fields = { key, reason: error.name }
    if (damaged.has(error.name)) return objectError('checksum_mismatch', fields)
    if (denied.has(error.name) || status === 401 || status === 403)
      return objectError('denied', fields, error)
    if (error.name === 'InvalidRange' || status === 416) return objectError('bad_range', fields)
    if (status === 404) return objectError('not_found', { key })
    if (status >= 500 || status === 429 || status === 408) return objectError('unavailable', fields, error)
    // A body cut off on the way: the server saw fewer bytes than announced.
    if (error.name === 'IncompleteBody' || error.name === 'RequestTimeout') {
      return objectError('unavailable', fields, error)
    }
    return error
  }
  if (!(error instanceof Error)) return error
  // The SDK's timeouts (TimeoutError), our own deadline (AbortError) and whatever the socket said.
  const code = 'code' in error ? String(error.code) : error.name
  if (isTransport(code)) return objectError('unavailable', { key, reason: code }, error)
  return error
}

function isTransport(code: string): boolean {
  return (
    ['TimeoutError', 'AbortError', 'RequestTimeout', 'NetworkingError'].includes(code) ||
    /^(E(CONN|PIPE|TIMEDOUT|HOST|NET|NOTFOUND|AI_)|UND_ERR|HPE_)/.test(code) ||
    code === 'ERR_STREAM_PREMATURE_CLOSE'
  )
}
