import { createHmac, timingSafeEqual } from 'node:crypto'
import type { UserId } from '@synap/core'

/** Where a list goes on: after this row, in the order newest first. */
export interface ListPosition {
  /** Milliseconds since 1970. */
  createdAt: number
  id: string
}

/** Makes and reads cursors. They are opaque to clients, and useless to another user or under another filter. */
export interface CursorCodec {
  sign(userId: UserId, filter: string, position: ListPosition): string
  /** Undefined for anything that this codec did not sign for the same user and filter. */
  parse(userId: UserId, filter: string, cursor: string): ListPosition | undefined
}

const macLength = 16
const payloadLength = 6 + 16

/**
 * A cursor is base64url of the row's place (6 bytes of milliseconds, 16 bytes of id) and the first 16 bytes of
 * HMAC-SHA-256 over it, the user and the filter.
 *
 * @param secret the same in every instance of the service, or a cursor of one is refused by the others
 */
export function createCursorCodec(secret: string): CursorCodec {
  const key = createHmac('sha256', secret).update('synap list cursor, version 1').digest()
  const mac = (userId: UserId, filter: string, payload: Buffer) =>
    createHmac('sha256', key).update(`${userId}\n${filter}\n`).update(payload).digest().subarray(0, macLength)

  return {
    sign(userId, filter, { createdAt, id }) {
      const payload = Buffer.alloc(payloadLength)
      payload.writeUIntBE(createdAt, 0, 6)
      payload.write(id.replaceAll('-', ''), 6, 'hex')
      return Buffer.concat([payload, mac(userId, filter, payload)]).toString('base64url')
    },
    parse(userId, filter, cursor) {
      const bytes = Buffer.from(cursor, 'base64url')
      if (bytes.length !== payloadLength + macLength || bytes.toString('base64url') !== cursor)
        return undefined
      const payload = bytes.subarray(0, payloadLength)
      if (!timingSafeEqual(mac(userId, filter, payload), bytes.subarray(payloadLength))) return undefined
      const hex = payload.toString('hex', 6)
      return {
        createdAt: payload.readUIntBE(0, 6),
        id: [8, 12, 16, 20, 32].map((end, i) => hex.slice([0, 8, 12, 16, 20][i], end)).join('-'),
      }
    },
  }
}
