import { createOfflineProvider } from '@synap/ai'
import { SynapError } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { watchModel } from './watch-model.ts'

const signal = () => AbortSignal.timeout(1_000)
const failing = (kind: 'configuration' | 'data') => ({
  ...createOfflineProvider(),
  embed: async (texts: readonly string[]) => {
    if (texts[0] === 'ok') return { vectors: [], usage: { inputTokens: 0, outputTokens: 0 } }
    throw new SynapError('no', { code: `model.${kind}`, class: kind })
  },
})

describe('watchModel', () => {
  it('given a refused key, when asked afterwards, then the check says so until a call works', async () => {
    const model = watchModel(failing('configuration'))
    await model.check()
    await expect(model.embed(['x'], signal())).rejects.toThrow('no')
    await expect(model.check()).rejects.toMatchObject({ code: 'model.configuration' })
    await model.embed(['ok'], signal())
    await model.check()
    expect(model.name).toBe('synap-offline')
  })

  it('given a text the model cannot take, when asked afterwards, then the model is well', async () => {
    const model = watchModel(failing('data'))
    await expect(model.embed(['x'], signal())).rejects.toThrow('no')
    await expect(model.check()).resolves.toBeUndefined()
  })
})
