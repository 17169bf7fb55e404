import { createHmac, timingSafeEqual } from 'node:crypto'
import type { UserId } from '@synap/core'

/** Where a list of entities goes on: after this row, in the order newest first. */
export interface ListPosition {
  /** Milliseconds since 1970. */
  createdAt: number
  id: string
}

/** Makes and reads cursors. They are opaque to clients, and useless to another user or under another filter. */
export interface CursorCodec<Position = ListPosition> {
  sign(userId: UserId, filter: string, position: Position): string
  /** Undefined for anything that this codec did not sign for the same user and filter. */
  parse(userId: UserId, filter: string, cursor: string): Position | undefined
}

const macLength = 16

/** How a position is written down. */
interface PositionForm<Position> {
  name: string
  /** Bytes, where it is always as many. */
  length: number | undefined
  write(position: Position): Buffer
  read(payload: Buffer): Position
}

const listForm: PositionForm<ListPosition> = {
  name: 'list',
  length: 6 + 16,
  write({ createdAt, id }) {
    const payload = Buffer.alloc(22)
    payload.writeUIntBE(createdAt, 0, 6)
    payload.write(id.replaceAll('-', ''), 6, 'hex')
    return payload
  },
  read(payload) {
    const hex = payload.toString('hex', 6)
    return {
      createdAt: payload.readUIntBE(0, 6),
      id: [8, 12, 16, 20, 32].map((end, i) => hex.slice([0, 8, 12, 16, 20][i], end)).join('-'),
    }
  },
}

const sequenceForm: PositionForm<number> = {
  name: 'sequence',
  length: 8,
  write(sequence) {
    const payload = Buffer.alloc(8)
    payload.writeBigUInt64BE(BigInt(sequence))
    return payload
  },
  read: (payload) => Number(payload.readBigUInt64BE()),
}

/** For lists of entities. The secret is the same in every instance, or a cursor of one is refused by the others. */
export const createCursorCodec = (secret: string): CursorCodec => createCodec(secret, listForm)

/** For lists of events: they go on behind (or before) a sequence. */
export const createSequenceCursorCodec = (secret: string): CursorCodec<number> =>
  createCodec(secret, sequenceForm)

/** For lists in another order: the values of their last row, as plain JSON. Each kind of list has a name. */
export const createKeyCursorCodec = <Key extends readonly (string | number)[]>(
  secret: string,
  name: string,
): CursorCodec<Key> =>
  createCodec<Key>(secret, {
    name,
    length: undefined,
    write: (key) => Buffer.from(JSON.stringify(key)),
    read: (payload) => JSON.parse(payload.toString('utf8')) as Key,
  })

/**
 * A cursor is base64url of the position and the first 16 bytes of HMAC-SHA-256 over it, the user and the filter; each
 * form has a key of its own.
 */
function createCodec<Position>(secret: string, form: PositionForm<Position>): CursorCodec<Position> {
  const key = createHmac('sha256', secret).update(`synap ${form.name} cursor, version 1`).digest()
  const mac = (userId: UserId, filter: string, payload: Buffer) =>
    createHmac('sha256', key).update(`${userId}\n${filter}\n`).update(payload).digest().subarray(0, macLength)

  return {
    sign(userId, filter, position) {
      const payload = form.write(position)
      return Buffer.concat([payload, mac(userId, filter, payload)]).toString('base64url')
    },
    parse(userId, filter, cursor) {
      const bytes = Buffer.from(cursor, 'base64url')
      const length = bytes.length - macLength
      if (length < 1 || (form.length !== undefined && length !== form.length)) return undefined
      if (bytes.toString('base64url') !== cursor) return undefined
      const payload = bytes.subarray(0, length)
      if (!timingSafeEqual(mac(userId, filter, payload), bytes.subarray(length))) return undefined
      return form.read(payload)
    },
  }
}
