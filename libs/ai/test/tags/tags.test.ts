import { describe, expect, it } from 'vitest'
import { createOfflineProvider } from '../../src/index.ts'
import { readMarkdownFiles } from './markdown-files.ts'
import { measureTags, singleUseRatio, ways } from './measure-tags.ts'

describe('tags of many files', () => {
  it('given real files, when each is told of the others, then far fewer tags are used once', async () => {
    const documents = readMarkdownFiles(120)
    expect(documents.length).toBe(120)
    const [alone, vocabulary, neighbours] = await Promise.all(
      ways.map((way) => measureTags(createOfflineProvider(), documents, way)),
    )
    if (alone === undefined || vocabulary === undefined || neighbours === undefined)
      throw new Error('a way is missing')
    expect(singleUseRatio(alone)).toBeGreaterThan(0.5)
    expect(vocabulary.usedOnce).toBeLessThan(alone.usedOnce / 2)
    expect(neighbours.usedOnce).toBeLessThan(vocabulary.usedOnce)
    expect(neighbours.tagged).toBeGreaterThanOrEqual(alone.tagged * 0.95)
  })
})
