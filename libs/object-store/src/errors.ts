import { type ErrorClass, SynapError } from '@synap/core'

type Kind =
  | 'not_found'
  | 'checksum_mismatch'
  | 'bad_range'
  | 'too_large'
  | 'unavailable'
  | 'denied'
  | 'bad_key'
  | 'presign_unsupported'

const meanings: Record<Kind, { class: ErrorClass; message: string }> = {
  not_found: { class: 'data', message: 'there is no object under this key' },
  checksum_mismatch: { class: 'data', message: 'the content does not have the checksum it should have' },
  bad_range: { class: 'data', message: 'the object has no such range' },
  too_large: { class: 'data', message: 'the object is larger than the reader takes' },
  unavailable: { class: 'dependency', message: 'the object store is not available' },
  denied: { class: 'configuration', message: 'the object store refuses the credentials or the bucket' },
  bad_key: { class: 'bug', message: 'not a key' },
  presign_unsupported: { class: 'bug', message: 'this object store cannot presign' },
}

/** The errors of the port. Keys are in the fields, never the bucket's address. */
export function objectError(
  kind: Kind,
  fields: { key?: string; reason?: string } = {},
  cause?: unknown,
): SynapError {
  return new SynapError(meanings[kind].message, {
    code: `object.${kind}`,
    class: meanings[kind].class,
    fields,
    ...(cause === undefined ? {} : { cause }),
  })
}

/** True when the object is not there, for callers to whom that is an expected outcome. */
export function isNotFound(error: unknown): boolean {
  return error instanceof SynapError && error.code === 'object.not_found'
}
