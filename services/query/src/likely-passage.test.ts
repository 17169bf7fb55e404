import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { likelyPassage } from './likely-passage.ts'

const filler = 'nothing of interest stands in here. '.repeat(200)

describe('the likely passage', () => {
  it('given words far apart, it is where most of them are near each other', () => {
    const text = `${filler}An apple. ${filler}Apples and pears. ${filler}Pears.`
    expect(likelyPassage(text, 'pear apple')).toContain('Apples and pears.')
  })

  it.each([
    ['hauser', 'Wir bauen Häuser.'],
    ['PLAYING', 'She played.'],
    ['interfaces', 'One interface.'],
    ['"exactly this"', 'It is exactly this.'],
  ])('given "%s", it is found in other forms, case and accents', (question, sentence) => {
    expect(likelyPassage(filler + sentence + filler, question)).toContain(sentence)
  })

  it('given a word inside another one, or none, there is no passage', () => {
    expect(likelyPassage('scarecrow', 'crow')).toBeUndefined()
    expect(likelyPassage('scarecrow', '!?')).toBeUndefined()
    expect(likelyPassage('', 'crow')).toBeUndefined()
  })

  it('given any text and any question, it is a part of the text and cuts no character', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 3_000 }),
        fc.string({ unit: 'grapheme' }),
        (text, q) => {
          const passage = likelyPassage(text, q + text.slice(0, 5))
          if (passage === undefined) return
          expect(text).toContain(passage)
          expect(passage.isWellFormed()).toBe(text.isWellFormed())
        },
      ),
    )
  })
})
