import type { CaptureRequest } from '@synap/contracts'
import type { FastifyRequest } from 'fastify'
import { describe, expect, it } from 'vitest'
import { inTimeZone, requestKeyOf, timeZoneOf } from './request-facts.ts'

const requestWith = (headers: Record<string, string | string[]>) =>
  ({ method: 'POST', url: '/v1/entities', headers }) as unknown as FastifyRequest
const zoned = (value: string | string[]) => requestWith({ 'synap-time-zone': value })

describe('the time zone of a request', () => {
  it('given a name of the IANA database, it is that; given no header, there is none', () => {
    expect(timeZoneOf(zoned('Europe/Berlin'))).toBe('Europe/Berlin')
    expect(timeZoneOf(zoned('UTC'))).toBe('UTC')
    expect(timeZoneOf(requestWith({}))).toBeUndefined()
  })

  it.each([
    'Mars/Olympus',
    '+02:00',
    '',
    'Europe/Berlin, Asia/Tokyo',
    'E'.repeat(65),
    '../etc/localtime',
    ['UTC', 'UTC'],
  ])('given %j, it is refused, and the header is named', (value) => {
    expect(() => timeZoneOf(zoned(value))).toThrow(
      expect.objectContaining({
        kind: 'validation',
        options: { errors: [expect.objectContaining({ path: 'headers.synap-time-zone' })] },
      }),
    )
  })

  it('given what names one itself, that counts', () => {
    const note: CaptureRequest = { type: 'note', content: 'Buy milk tomorrow' }
    expect(inTimeZone(note, undefined)).toBe(note)
    expect(inTimeZone(note, 'Asia/Tokyo')).toEqual({ ...note, timeZone: 'Asia/Tokyo' })
    const own = { ...note, timeZone: 'Europe/Berlin' }
    expect(inTimeZone(own, 'Asia/Tokyo')).toBe(own)
  })

  it('given an idempotency key, another time zone is another request, and none is the request of ever', () => {
    const request = requestWith({ 'idempotency-key': 'k' })
    const note: CaptureRequest = { type: 'note', content: 'Buy milk tomorrow' }
    const hash = (timeZone: string | undefined) =>
      requestKeyOf(request, inTimeZone(note, timeZone))?.requestHash
    expect(hash(undefined)).toBe(requestKeyOf(request, note)?.requestHash)
    expect(new Set([hash(undefined), hash('Asia/Tokyo'), hash('Europe/Berlin')]).size).toBe(3)
  })
})
