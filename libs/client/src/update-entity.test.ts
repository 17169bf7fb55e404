import type { ChangeResponse, EntityView, PatchRequest } from '@synap/contracts'
import { type EntityId, uuidv7 } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { ApiError } from './api-error.ts'
import type { ChangeOptions } from './change-types.ts'
import { updateEntity } from './update-entity.ts'

const id = uuidv7() as EntityId
const stale = (currentVersion: number) =>
  new ApiError('stale', {
    code: 'api.refused',
    status: 412,
    problem: { type: 'urn:x', title: 'x', status: 412, currentVersion },
  })

/** Reads tell these versions, one after the other; writes are accepted at the current version only. */
function clientOf(versions: number[], current: () => number) {
  const written: { request: PatchRequest; ifMatch: number | undefined }[] = []
  return {
    written,
    getEntity: () => {
      const version = versions.length > 1 ? (versions.shift() ?? 0) : (versions[0] ?? 0)
      return Promise.resolve({ value: { version, title: `title ${version}` } as EntityView, sequence: 1 })
    },
    patchEntity: (_: EntityId, request: PatchRequest, options: ChangeOptions = {}) => {
      written.push({ request, ifMatch: options.ifMatch })
      const now = current()
      if (options.ifMatch !== now) return Promise.reject(stale(now))
      return Promise.resolve({ version: now + 1 } as ChangeResponse)
    },
  }
}

describe('updateEntity', () => {
  it('given a change by somebody else, it begins again with what is there by then', async () => {
    const client = clientOf([1, 1, 2], () => 2)
    const answer = await updateEntity(client, id, ({ title }) => ({ title: `${title}!` }))
    expect(answer).toMatchObject({ version: 3 })
    // the read that was still behind was not written from
    expect(client.written).toEqual([
      { request: { title: 'title 1!' }, ifMatch: 1 },
      { request: { title: 'title 2!' }, ifMatch: 2 },
    ])
  })

  it('given nothing to change, nothing is written', async () => {
    const client = clientOf([1], () => 1)
    expect(await updateEntity(client, id, () => null)).toBeNull()
    expect(client.written).toEqual([])
  })

  it('given others who are always faster, the last refusal comes out', async () => {
    let version = 1
    const client = clientOf([1, 2, 3, 4, 5, 6], () => (version += 1))
    await expect(updateEntity(client, id, () => ({ title: 'x' }))).rejects.toMatchObject({ status: 412 })
    expect(client.written).toHaveLength(5)
  })
})
