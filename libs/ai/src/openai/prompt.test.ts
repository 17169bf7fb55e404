import { describe, expect, it } from 'vitest'
import { answerSchema } from './answer.ts'
import { instructions } from './prompt.ts'

describe('the instructions', () => {
  it.each(Object.keys(answerSchema.shape))(
    'given the field %s of an answer, they say what belongs there',
    (field) => {
      expect(instructions).toMatch(new RegExp(`^- ${field}: \\S.{20,}`, 'm'))
    },
  )
})
