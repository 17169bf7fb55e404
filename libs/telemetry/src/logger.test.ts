import { SynapError } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { createLogger } from './logger.ts'

const logged = (write: (logger: ReturnType<typeof createLogger>) => void) => {
  const lines: string[] = []
  write(createLogger('test', { level: 'info', destination: { write: (line) => void lines.push(line) } }))
  return lines
}
const first = (lines: string[]) => JSON.parse(lines[0] ?? '{}') as Record<string, unknown>
const key = `syn_${'k'.repeat(43)}`

describe('log lines', () => {
  it('given a fact, it is one line of JSON with level, time, service and sentence', () => {
    const lines = logged((logger) => logger.info({ events: 3 }, 'relayed a batch'))
    expect(lines).toHaveLength(1)
    expect(first(lines)).toMatchObject({ level: 'info', service: 'test', events: 3, msg: 'relayed a batch' })
    expect(Date.parse(String(first(lines)['time']))).not.toBeNaN()
  })

  it('given secrets in any place, none comes out', () => {
    const presigned = 'http://s3/b/k?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=abcdef0123'
    const lines = logged((logger) => {
      logger.info(
        { headers: { authorization: `Bearer ${key}`, cookie: 'a=b' }, url: 'postgres://u:hunter2@db/x' },
        `key ${key}`,
      )
      logger.info({
        deep: { list: [{ note: `x ${key} y`, s3SecretAccessKey: 'hunter2', secretAccessKey: 'hunter2' }] },
        presigned,
      })
      logger.error({ error: new Error(`failed for ${key} at postgres://u:hunter2@db/x`) }, 'x')
      logger.error(
        { openai: `sk-${'p'.repeat(40)}`, password: 'hunter2', token: 'hunter2', apiKey: 'hunter2' },
        'x',
      )
      logger.child({ authorization: `Bearer ${key}` }).info({ a: `Bearer ${'t'.repeat(30)}` }, 'x')
    })
    for (const secret of [/kkk/, /AKIA/, /abcdef0123/, /ppp/, /ttt/, /"a=b"/])
      expect(lines.join('')).not.toMatch(secret)
    const hunter = lines.filter((line) => line.includes('hunter2'))
    expect(hunter).toEqual([])
  })

  it('given line breaks, escape sequences or a megabyte, the line stays one line, harmless and short', () => {
    const lines = logged((logger) =>
      logger.info({ name: 'a\r\n{"level":"fatal"}\u001b[31m\u009b', long: 'x'.repeat(1_000_000) }, 'x'),
    )
    expect(lines).toHaveLength(1)
    for (const character of ['\r', '\u001b', '\u009b']) expect(lines[0]).not.toContain(character)
    expect(lines[0]?.length).toBeLessThan(6_000)
    expect(String(first(lines)['name'])).toBe('a\u{fffd}\n{"level":"fatal"}\u{fffd}[31m\u{fffd}')
  })

  it('given bytes, big numbers, cycles and deep objects, the line can be written', () => {
    const cyclic: Record<string, unknown> = { n: 2n ** 60n, bytes: Buffer.from('content') }
    cyclic['self'] = cyclic
    const line = JSON.stringify(first(logged((logger) => logger.info(cyclic, 'x'))))
    expect(line).toContain('1152921504606846976')
    expect(line).toContain('[7 bytes]')
  })

  it('given an error of ours, code and class are fields and there is no stack; given a bug, there is one', () => {
    const [known, bug] = logged((logger) => {
      logger.warn(
        {
          error: new SynapError('away', {
            code: 'postgres.unavailable',
            class: 'dependency',
            fields: { sqlstate: null },
            cause: new Error('ECONNREFUSED'),
          }),
        },
        'x',
      )
      logger.error({ err: new TypeError('oops') }, 'x')
    }).map((line) => (JSON.parse(line) as { error: object }).error)
    expect(known).toEqual({
      class: 'dependency',
      code: 'postgres.unavailable',
      message: 'away: ECONNREFUSED',
      sqlstate: null,
    })
    expect(bug).toMatchObject({
      class: 'bug',
      name: 'TypeError',
      message: 'oops',
      stack: expect.stringContaining('logger.test') as string,
    })
  })
})
