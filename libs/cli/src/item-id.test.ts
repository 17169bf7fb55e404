import type { ListOptions } from '@synap/client'
import type { EntityList } from '@synap/contracts'
import { describe, expect, it } from 'vitest'
import { exitCodes } from './exit-codes.ts'
import { findItemId } from './item-id.ts'

const a = '019aa0c8-7c1e-7000-8a3e-6d7a4c1b2f90'
const b = '019aa0c8-7c1e-7001-8a3e-6d7a4c1b2f90'
const madeAt = Number.parseInt('019aa0c87c1e', 16)

/** Answers pages of one item each, and remembers what was asked. */
function clientWith(...ids: string[]) {
  const asked: ListOptions[] = []
  return {
    asked,
    list: (options: ListOptions = {}) => {
      asked.push(options)
      const place = Number(options.cursor ?? 0)
      const items = ids.slice(place, place + 1).map((id) => ({ id, title: `item ${id}` }))
      const next = place + 1 < ids.length ? String(place + 1) : null
      return Promise.resolve({ value: { items, next } as unknown as EntityList, sequence: 1 })
    },
  }
}

describe('an item by its id', () => {
  it('given all of it, nobody is asked', async () => {
    const client = clientWith()
    expect(await findItemId(client, a.toUpperCase())).toBe(a)
    expect(client.asked).toEqual([])
  })

  it('given its beginning, it is looked for at the time the id tells, on every page', async () => {
    const client = clientWith('019aa0c8-7c1f-7000-8a3e-6d7a4c1b2f90', a)
    expect(await findItemId(client, '019aa0c8-7c1e')).toBe(a)
    expect(client.asked).toHaveLength(2)
    const [{ createdAfter = '', createdBefore = '' } = {}] = client.asked
    expect(Date.parse(createdAfter)).toBeLessThan(madeAt)
    expect(Date.parse(createdBefore)).toBeGreaterThan(madeAt)
  })

  it('given the beginning of two, both are told', async () => {
    const failure = findItemId(clientWith(a, b), '019aa0c8-7c1e')
    await expect(failure).rejects.toMatchObject({ exitCode: exitCodes.usage })
    await expect(failure).rejects.toThrow(new RegExp(`${a}[\\s\\S]*${b}`))
    expect(await findItemId(clientWith(a, b), '019aa0c8-7c1e-7001')).toBe(b)
  })

  it('given the beginning of none, it fails; given what begins no id, it was used wrongly', async () => {
    await expect(findItemId(clientWith(), '019aa0c8-7c1e')).rejects.toMatchObject({
      exitCode: exitCodes.failed,
    })
    await expect(findItemId(clientWith(), 'ffffffff-ffff')).rejects.toMatchObject({
      exitCode: exitCodes.failed,
    })
    for (const text of ['', 'milk', '019aa0c8', '019aa0c8-7c1']) {
      await expect(findItemId(clientWith(), text)).rejects.toMatchObject({ exitCode: exitCodes.usage })
    }
  })
})
