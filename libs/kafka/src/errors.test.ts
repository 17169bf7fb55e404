import { SynapError } from '@synap/core'
import { KafkaJSConnectionError, KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { protocolType, toSynapError } from './errors.ts'

const protocol = (type: string) => Object.assign(new Error(type), { type, name: 'KafkaJSProtocolError' })
const exceeded = (cause: Error) => new KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 1, retryTime: 1 })
/** As kafkajs' retrier makes it; the types do not know that it takes a cause. */
const fatal = (cause: Error) => Object.assign(new KafkaJSNonRetriableError(cause), { cause })

describe('the classes of kafkajs errors', () => {
  it.each([
    ['a lost connection', new KafkaJSConnectionError('Connection error: connect ECONNREFUSED'), 'dependency'],
    ['retries that ran out on it', exceeded(new KafkaJSConnectionError('x')), 'dependency'],
    ['a rebalance', protocol('REBALANCE_IN_PROGRESS'), 'dependency'],
    ['a member that the group forgot', exceeded(protocol('UNKNOWN_MEMBER_ID')), 'dependency'],
    ['a topic that is missing', protocol('UNKNOWN_TOPIC_OR_PARTITION'), 'dependency'],
    ['an error type of the future', protocol('SOMETHING_NEW'), 'dependency'],
    ['a refused group', exceeded(protocol('GROUP_AUTHORIZATION_FAILED')), 'configuration'],
    [
      'a codec that is not there',
      Object.assign(new Error('LZ4'), { name: 'KafkaJSNotImplemented' }),
      'configuration',
    ],
    [
      'a batch that unpacks to too much',
      fatal(Object.assign(new RangeError('x'), { code: 'ERR_BUFFER_TOO_LARGE' })),
      'configuration',
    ],
    ['a message too large', protocol('MESSAGE_TOO_LARGE'), 'data'],
    ['a TypeError inside kafkajs', fatal(new TypeError('x')), 'bug'],
  ])('given %s, the class says what to do', (_what, error, errorClass) => {
    expect(toSynapError(error, 'test')).toMatchObject({ class: errorClass })
  })

  it('given an error that is classified already, it stays as it is, however wrapped', () => {
    const inner = new SynapError('x', { code: 'partition.unknown', class: 'configuration' })
    expect(toSynapError(new Error('outer', { cause: inner }), 'test')).toBe(inner)
  })

  it('given a wrapped protocol error, its type is found', () => {
    expect(protocolType(exceeded(protocol('ILLEGAL_GENERATION')))).toBe('ILLEGAL_GENERATION')
    expect(protocolType(new TypeError('x'))).toBeUndefined()
    expect(protocolType(undefined)).toBeUndefined()
  })
})
