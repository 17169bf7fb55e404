import type { Scope } from '@synap/contracts'
import type { UserId } from '@synap/core'

/** Who asks, and what they may do. */
export interface Credential {
  /** The user it belongs to. */
  readonly userId: UserId
  readonly keyId: string
  readonly scopes: readonly Scope[]
  /** Milliseconds since 1970; null never. */
  readonly expiresAt: number | null
}

export function hasScope(credential: Pick<Credential, 'scopes'>, scope: Scope): boolean {
  return credential.scopes.includes(scope)
}

export function isExpired({ expiresAt }: Pick<Credential, 'expiresAt'>, now: number): boolean {
  return expiresAt !== null && expiresAt <= now
}

/**
 * The user a request is for: the credential's own, or with the scope `act:any` the one that the header `Synap-User`
 * names. Undefined when the header names somebody and the credential may not act for others.
 */
export function actingFor(credential: Credential, wanted: UserId | undefined): UserId | undefined {
  if (wanted === undefined || wanted === credential.userId) return credential.userId
  return hasScope(credential, 'act:any') ? wanted : undefined
}
