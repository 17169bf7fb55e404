import { ApiError } from '@synap/client'
import { type StageState, type StatusResponse, stageNames } from '@synap/contracts'
import { type EntityId, uuidv7 } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { awaitItem, isProjected, standsAt } from './await-item.ts'

const id = uuidv7() as EntityId
const signal = new AbortController().signal

/** The status of an item whose stages are done up to the given one, which is in `state`. */
function statusAt(name: (typeof stageNames)[number], state: StageState): StatusResponse {
  const at = stageNames.indexOf(name)
  const stages = stageNames.map((stage, place) => ({
    stage,
    state: place < at ? ('done' as const) : place === at ? state : ('pending' as const),
    at: null,
    attempts: 0,
    error: null,
    nextRetryAt: null,
  }))
  return {
    id,
    version: 1,
    sequence: 1,
    stages,
    work: null,
    cost: null,
    complete: stages.every((stage) => stage.state === 'done'),
  }
}
const whole = statusAt('searchable', 'done')

function clientOf(...answers: (StatusResponse | Error)[]) {
  let looks = 0
  return {
    looks: () => looks,
    status: async () => {
      const answer = answers[Math.min(looks++, answers.length - 1)]
      if (answer instanceof Error) throw answer
      return answer as StatusResponse
    },
  }
}
const away = new ApiError('no', { code: 'api.unreachable', status: 0 })
const forbidden = new ApiError('no', { code: 'api.refused', status: 403 })

describe('waiting for an item', () => {
  it('given an item on its way, it looks until it is searchable', async () => {
    const client = clientOf(statusAt('relayed', 'pending'), away, statusAt('enriched', 'running'), whole)
    expect(await awaitItem(client, id, { deadlineMs: 10_000, signal })).toEqual({
      status: whole,
      problem: undefined,
    })
    expect(client.looks()).toBe(4)
  })

  it('given a pipeline that stands still, it ends at the deadline with what it saw, having looked seldom', async () => {
    const pending = statusAt('relayed', 'pending')
    const client = clientOf(pending)
    const found = await awaitItem(client, id, { deadlineMs: 400, signal })
    expect(found.status).toEqual(pending)
    expect(standsAt(pending)?.stage).toBe('relayed')
    expect(client.looks()).toBeLessThan(6)
  })

  it.each<StageState>(['failed', 'parked', 'deferred'])(
    'given a stage that %s, nothing more is waited for',
    async (state) => {
      const client = clientOf(statusAt('enriched', state))
      const { status } = await awaitItem(client, id, { deadlineMs: 60_000, signal })
      expect(status && standsAt(status)).toMatchObject({ stage: 'enriched', state })
      expect(client.looks()).toBe(1)
    },
  )

  it('given a key that may not read, it says so at once', async () => {
    const found = await awaitItem(clientOf(forbidden), id, { deadlineMs: 60_000, signal })
    expect(found).toEqual({ status: undefined, problem: forbidden })
  })

  it('given Ctrl-C, it ends at once', async () => {
    const interrupted = new AbortController()
    const client = {
      status: async () => {
        interrupted.abort(new Error('interrupted'))
        return statusAt('stored', 'done')
      },
    }
    const waiting = awaitItem(client, id, { deadlineMs: 60_000, signal: interrupted.signal })
    expect(await waiting).toMatchObject({ problem: undefined })
  })

  it('given a status, it is told whether the item can be shown, and where it stands', () => {
    expect(isProjected(whole)).toBe(true)
    expect(isProjected(statusAt('projected', 'pending'))).toBe(false)
    expect(standsAt(whole)).toBeUndefined()
  })
})
