import Encoder from 'kafkajs/src/protocol/encoder.js'
import stockRecord from 'kafkajs/src/protocol/recordBatch/record/v0/index.js'
import { describe, expect, it } from 'vitest'
import { recordsOf, varint } from './batches.ts'

describe('records of a batch', () => {
  it.each([0, 1, 63, 64, 8_191, 8_192, 2 ** 30 - 1])(
    'given %i, it is the varint that kafkajs writes',
    (value) => {
      expect(varint(value)).toEqual(new Encoder().writeVarInt(value).buffer)
    },
  )

  it('given messages, their bytes are those that kafkajs sends', () => {
    const messages = ['a', 'ä'.repeat(100)].map((text) => ({
      key: `user ${text}`,
      value: Buffer.from(`value ${text}`),
      headers: { ce_id: text, 'synap-user': 'u' },
    }))
    const expected = messages.map((message, offsetDelta) => stockRecord({ ...message, offsetDelta }).buffer)
    expect(recordsOf(messages)).toEqual(Buffer.concat(expected))
  })
})
