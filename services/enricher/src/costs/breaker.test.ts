import { SynapError } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { Deferred } from '../deferred.ts'
import { createBreaker } from './breaker.ts'

const down = new SynapError('x', { code: 'model.unreachable', class: 'dependency' })
const slow = new SynapError('x', { code: 'model.timeout', class: 'dependency' })
const refusal = new SynapError('x', { code: 'model.refused', class: 'data' })

function given() {
  const clock = { ms: 1_000 }
  const breaker = createBreaker({ name: 'test', failures: 3, openMs: 1_000, now: () => clock.ms })
  const failing = (times: number, error: unknown = down) => {
    for (let time = 0; time < times; time += 1) breaker.enter().failed(error)
  }
  return { clock, breaker, failing }
}

describe('the breaker', () => {
  it('given failures in a row, when there are enough, then it opens; a success between begins anew', () => {
    const { breaker, failing } = given()
    failing(2)
    breaker.enter().answered()
    failing(2)
    expect(breaker.state()).toBe('closed')
    failing(1)
    expect(breaker.state()).toBe('open')
    expect(() => breaker.enter()).toThrow(Deferred)
  })

  it('given answers about a text that are no use, when there are many, then it stays closed', () => {
    const { breaker, failing } = given()
    failing(20, refusal)
    expect(breaker.state()).toBe('closed')
  })

  it('given its time is over, when asked, then one call tries and the others wait; a success closes it', () => {
    const { clock, breaker, failing } = given()
    failing(3)
    clock.ms += 1_000
    expect(breaker.state()).toBe('half-open')
    const pass = breaker.enter()
    expect(() => breaker.enter()).toThrow(Deferred)
    pass.answered()
    expect(breaker.state()).toBe('closed')
    breaker.enter()
    breaker.enter()
  })

  it('given a try in vain, when it ends, then it is open for longer, and the try counts for no item that is not its cause', () => {
    const { clock, breaker, failing } = given()
    failing(3)
    clock.ms += 1_000
    expect(breaker.enter().failed(down)).toMatchObject({ code: 'model.breaker_open' })
    expect(breaker.state()).toBe('open')
    clock.ms += 2_000
    expect(breaker.state()).toBe('half-open')
    expect(breaker.enter().failed(slow)).toBeUndefined()
    expect(breaker.state()).toBe('open')
  })

  it('given a try that was never made, when it is dropped, then the next one may try', () => {
    const { clock, breaker, failing } = given()
    failing(3)
    clock.ms += 1_000
    breaker.enter().dropped()
    expect(breaker.state()).toBe('half-open')
    breaker.enter().answered()
    expect(breaker.state()).toBe('closed')
  })

  it('given a server that names its time, when it opens, then not before', () => {
    const { clock, breaker, failing } = given()
    const limited = new SynapError('x', {
      code: 'model.rate_limited',
      class: 'dependency',
      retryAfterMs: 60_000,
    })
    failing(3, limited)
    clock.ms += 59_000
    expect(breaker.state()).toBe('open')
    clock.ms += 1_000
    expect(breaker.state()).toBe('half-open')
  })

  it('given calls that were under way when it opened, when they fail too, then they do not prolong it', () => {
    const { clock, breaker, failing } = given()
    const passes = [breaker.enter(), breaker.enter()]
    failing(3)
    for (const pass of passes) pass.failed(down)
    clock.ms += 1_000
    expect(breaker.state()).toBe('half-open')
  })
})
