import { registryContract } from '@synap/messaging/contract'
import { createTcpProxy, useStack } from '@synap/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { createSchemaRegistry, type SchemaRegistry } from '../src/index.ts'

const record = (fields: unknown[]) => JSON.stringify({ type: 'record', name: 'synap.test.Thing', fields })
const id = { name: 'id', type: { type: 'fixed', name: 'Uuid', size: 16 } }
const title = { name: 'title', type: 'string' }

registryContract('Apicurio', async () => {
  const { env, topicPrefix } = await useStack('registry')
  return {
    createRegistry: () => createSchemaRegistry({ url: env.SCHEMA_REGISTRY_URL }),
    prefix: topicPrefix,
    close: async () => undefined,
  }
})

describe('the schema registry', () => {
  let url = ''
  let prefix = ''
  let registry: SchemaRegistry
  beforeAll(async () => {
    const stack = await useStack('registry')
    url = stack.env.SCHEMA_REGISTRY_URL
    prefix = stack.topicPrefix
    registry = createSchemaRegistry({ url })
  }, 120_000)

  it('given a new field with a default, the schema evolves; without one it is refused as incompatible', async () => {
    const subject = `${prefix}synap.test.v1-synap.test.Thing`
    const [first] = await registry.register([{ subject, text: record([id]) }])
    const [second] = await registry.register([{ subject, text: record([id, { ...title, default: '' }]) }])
    expect(second?.id).not.toBe(first?.id)
    await expect(registry.register([{ subject, text: record([id, title]) }])).rejects.toMatchObject({
      code: 'schema.incompatible',
      class: 'configuration',
    })
  })

  it('given versions of a subject, the id of each text is found, and one that is not registered is refused', async () => {
    const subject = `${prefix}synap.test.v1-synap.test.Versions`
    const texts = [record([id]), record([id, { ...title, default: '' }])]
    for (const text of texts) {
      const [registered] = await registry.register([{ subject, text }])
      expect(await registry.idOf({ subject, text })).toBe(registered?.id)
    }
    expect(await registry.idOf({ subject, text: texts[0] ?? '' })).toBeGreaterThan(0)
    const unknown = { subject, text: record([id, { ...title, default: 'x' }]) }
    await expect(registry.idOf(unknown)).rejects.toMatchObject({
      code: 'schema.unregistered',
      class: 'configuration',
    })
    await expect(registry.idOf({ ...unknown, subject: `${subject}None` })).rejects.toMatchObject({
      code: 'schema.unregistered',
    })
  })

  it('given the answer of a registration lost on its way, it is asked again and the id is the same', async () => {
    const subject = `${prefix}synap.test.v1-synap.test.Lost`
    const { port, pathname } = new URL(url)
    await using proxy = await createTcpProxy(Number(port))
    let lost = 0
    proxy.onAnswer(() => ((lost += 1) <= 2 ? 'lose' : 'pass'))
    const far = createSchemaRegistry({ url: `http://127.0.0.1:${proxy.port}${pathname}` })
    const [registered] = await far.register([{ subject, text: record([id]) }])
    expect(lost).toBeGreaterThan(2)
    expect(registered?.id).toBe(await registry.idOf({ subject, text: record([id]) }))
    proxy.setMode('cut')
    await expect(far.register([{ subject, text: record([id]) }])).rejects.toMatchObject({
      class: 'dependency',
    })
  })

  it('given a text that is no schema, it is refused as invalid', async () => {
    const subject = `${prefix}synap.test.v1-synap.test.Broken`
    await expect(registry.register([{ subject, text: record([id, id]) }])).rejects.toMatchObject({
      code: 'schema.invalid',
      class: 'configuration',
    })
  })

  it('given an address without the path of the Confluent API, it says so and does not call ids unknown', async () => {
    const wrong = createSchemaRegistry({ url: new URL(url).origin })
    await expect(wrong.schemaById(1)).rejects.toMatchObject({
      class: 'configuration',
      code: 'registry.refused',
    })
  })
})
