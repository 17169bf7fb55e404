import { describe, expect, it } from 'vitest'
import { SynapError } from './error.ts'
import { backoffMs, wait, withDeadline } from './time.ts'

describe('time', () => {
  it('given growing attempts, the backoff doubles up to the cap', () => {
    const at = (attempt: number) => backoffMs(attempt, { baseMs: 100, capMs: 1_000, random: () => 1 })
    expect([1, 2, 3, 4, 5, 60].map(at)).toEqual([100, 200, 400, 800, 1_000, 1_000])
  })

  it('given work that never ends and ignores its signal, the deadline still rejects', async () => {
    const failure = await withDeadline(
      'a silent server',
      5,
      undefined,
      () => new Promise(() => undefined),
    ).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(SynapError)
    expect(failure).toMatchObject({ code: 'deadline.exceeded', class: 'dependency' })
  })

  it('given an outer signal that aborts, the wait ends with its reason', async () => {
    const controller = new AbortController()
    const waiting = wait(60_000, controller.signal)
    controller.abort(new Error('shutting down'))
    await expect(waiting).rejects.toThrow('shutting down')
  })
})
