import { type EntityId, isUuid, type UserId } from '@synap/core'
import { objectError } from './errors.ts'
import { reservedNames } from './file-names.ts'

const segment = /^[A-Za-z0-9._-]+$/
const maxKeyBytes = 1_024
const hashPrefix = 16

/** Throws `object.bad_key` for anything that the key builders would not make: `..`, empty segments, other characters. */
export function assertKey(key: string): void {
  const fine =
    key.length <= maxKeyBytes && key.split('/').every((part) => segment.test(part) && !/^\.+$/.test(part))
  if (!fine) throw objectError('bad_key')
}

/** Everything of a user lies below this. */
export function userPrefix(userId: UserId): string {
  return `users/${uuid(userId)}/`
}

/**
 * An entity's content: `users/{user}/{type}s/{entity}.{first 16 of sha256}.{extension}`. The hash makes the key
 * immutable: other content, other key.
 */
export function contentKey(of: {
  userId: UserId
  entityType: string
  entityId: EntityId
  sha256: string
  extension: string
}): string {
  if (!/^[a-z]+$/.test(of.entityType)) throw objectError('bad_key')
  const name = `${uuid(of.entityId)}.${hash(of.sha256)}.${safeExtension(of.extension)}`
  return `${userPrefix(of.userId)}${of.entityType}s/${name}`
}

export function attachmentKey(of: {
  userId: UserId
  entityId: EntityId
  sha256: string
  /** As the client named it; only harmless characters survive. */
  fileName: string
}): string {
  return `${userPrefix(of.userId)}attachments/${uuid(of.entityId)}-${hash(of.sha256)}-${safeName(of.fileName)}`
}

/** The text extracted from an entity's content. */
export function derivedTextKey(of: { userId: UserId; entityId: EntityId; sha256: string }): string {
  return `${userPrefix(of.userId)}derived/${uuid(of.entityId)}.${hash(of.sha256)}.txt`
}

/** One file of an export that was begun at `startedAt` (milliseconds since 1970). */
export function exportKey(of: { userId: UserId; startedAt: number; fileName: string }): string {
  const stamp = new Date(of.startedAt).toISOString().replace(/[:.]/g, '-')
  return `${userPrefix(of.userId)}exports/${stamp}/${safeName(of.fileName)}`
}

/** Whose object a key names, and what it is: see the builders above. */
export interface KeyOwner {
  kind: 'content' | 'attachment' | 'derived' | 'export'
  userId: UserId
}

const ofUser = /^users\/([0-9a-f-]{36})\/([a-z]+)\/(.+)$/
const contentName = /^[0-9a-f-]{36}\.[0-9a-f]{16}\.[A-Za-z0-9.-]+$/
const attachmentName = /^[0-9a-f-]{36}-[0-9a-f]{16}-[A-Za-z0-9._-]+$/

/** What a key says of itself; undefined for one that no builder makes. */
export function ownerOfKey(key: string): KeyOwner | undefined {
  const [, userId = '', place = '', name = ''] = ofUser.exec(key) ?? []
  const kind = isUuid(userId) ? kindAt(place, name) : undefined
  return kind === undefined ? undefined : { kind, userId: userId as UserId }
}

function kindAt(place: string, name: string): KeyOwner['kind'] | undefined {
  if (place === 'exports') return 'export'
  if (place === 'derived') return 'derived'
  if (place === 'attachments') return attachmentName.test(name) ? 'attachment' : undefined
  return place.endsWith('s') && contentName.test(name) ? 'content' : undefined
}

/**
 * A file name of at most 100 harmless characters, its extension kept: no path, no control characters, no name that
 * Windows keeps for itself, never empty.
 */
export function safeName(name: string): string {
  const base = name.normalize('NFKC').split(/[/\\]/).pop() ?? ''
  const dot = base.lastIndexOf('.')
  const extension = dot > 0 ? harmless(base.slice(dot + 1)).slice(0, 16) : ''
  const stem = (harmless(dot > 0 ? base.slice(0, dot) : base).slice(0, 80) || 'file').replace(
    reservedNames,
    '_$&',
  )
  return extension === '' ? stem : `${stem}.${extension}`
}

function harmless(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+|[.-]+$/g, '')
}

function safeExtension(extension: string): string {
  return harmless(extension.toLowerCase()).replaceAll('.', '-').slice(0, 16) || 'bin'
}

function uuid(id: string): string {
  if (!isUuid(id)) throw objectError('bad_key')
  return id
}

function hash(sha256: string): string {
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw objectError('bad_key')
  return sha256.slice(0, hashPrefix)
}
