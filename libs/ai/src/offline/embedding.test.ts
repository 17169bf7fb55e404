import { sha256Hex } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { vectorDimensions } from '../provider.ts'
import { embedOffline } from './embedding.ts'
import { createOfflineProvider } from './provider.ts'

const vector = (text: string): Float32Array => {
  const found = embedOffline(text)
  if (found === undefined) throw new Error('no vector')
  return found
}
const likeness = (a: string, b: string): number => {
  const right = vector(b)
  return vector(a).reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0)
}

describe('embedOffline', () => {
  it('given any text, when embedded, then the vector has 1536 places and length 1', () => {
    for (const text of ['milk', 'Buy milk tomorrow', '今日はとても寒い', '🙂', 'the', '***']) {
      expect(vector(text)).toHaveLength(vectorDimensions)
      expect(Math.hypot(...vector(text))).toBeCloseTo(1, 5)
    }
  })

  it('given this version of the name, when embedded, then the numbers are the ones stored so far', () => {
    const bytes = Buffer.from(vector('Buy milk tomorrow, Ünal!').buffer)
    expect(sha256Hex(bytes)).toBe('d41ad107ebde093e3c484b3d6b550e0b26d02c9b375fb412f344100a5e778a1b')
  })

  it('given shared words or stems, when compared, then they are likelier than a stranger', () => {
    expect(likeness('milk', 'Buy milk tomorrow')).toBeGreaterThan(0.4)
    expect(likeness('gardening', 'The garden needs water')).toBeGreaterThan(
      likeness('gardening', 'Quarterly tax report') + 0.1,
    )
    expect(likeness('Café', 'cafe')).toBeCloseTo(1, 5)
    expect(Math.abs(likeness('milk', 'Quarterly tax report'))).toBeLessThan(0.15)
  })

  it('given only words without a topic in common, when compared, then they are nearly unlike', () => {
    expect(likeness('the house is on the hill', 'the fish is in the pan')).toBeLessThan(0.2)
  })

  it('given nothing visible, when asked to embed, then the provider refuses with a stable code', async () => {
    const refused = createOfflineProvider().embed(['milk', ' \n\u200b'], AbortSignal.timeout(1_000))
    await expect(refused).rejects.toMatchObject({
      code: 'model.empty_text',
      class: 'data',
      fields: { index: 1 },
    })
  })
})
