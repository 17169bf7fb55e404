import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { zodFieldErrors } from './to-problem.ts'

const instant = z.iso.datetime({ offset: true })
const several = z.union([z.enum(['note', 'task']), z.array(z.enum(['note', 'task']))])
const number = z.string().regex(/^\d+$/, 'must be a whole number')

describe('what is wrong with a field', () => {
  it.each([
    [z.string(), undefined, 'is needed'],
    [z.string(), ['a', 'b'], 'must be given once'],
    [z.string(), 5, 'must be a text'],
    [z.array(z.string()), 'a', 'must be a list'],
    [z.boolean(), 'yes', 'must be true or false'],
    [z.strictObject({}), null, 'must be an object'],
    [z.int(), 1.5, 'must be a whole number'],
    [z.enum(['note', 'task']), 'x', 'must be one of note, task'],
    [z.literal('allow'), 'x', 'must be allow'],
    [z.literal([0, 1]), 9, 'must be one of 0, 1'],
    [z.iso.date(), '2026-02-30', 'must be a day, such as 2026-12-01'],
    [instant, 'now', 'must be an instant with its zone, such as 2026-12-01T15:00:00Z'],
    [z.uuid(), 'x', 'must be a UUID'],
    [z.int().max(5), 9, 'must be at most 5'],
    [z.int().min(1), 0, 'must be at least 1'],
    [z.string().max(3), 'four', 'must have at most 3 characters'],
    [z.array(z.int()).max(1), [1, 2], 'must have at most 1 item'],
    [several, 'x', 'must be one of note, task'],
    [
      z.union([number, instant]),
      'x',
      'must be a whole number, or must be an instant with its zone, such as 2026-12-01T15:00:00Z',
    ],
    [z.string().refine((text) => text !== 'x', 'must say more'), 'x', 'must say more'],
  ])('%#: is said in words that say what it must be', (schema, value, message) => {
    const { error } = z.strictObject({ field: schema }).safeParse(value === undefined ? {} : { field: value })
    expect(error && zodFieldErrors(error, 'query')).toEqual([{ path: 'query.field', message }])
  })

  it('given an empty text, it is said once', () => {
    const text = z
      .string()
      .min(1)
      .refine((value) => value.trim() !== '', 'must hold more than white space')
    const { error } = z.strictObject({ text }).safeParse({ text: '' })
    expect(error && zodFieldErrors(error, 'body')).toEqual([
      { path: 'body.text', message: 'must not be empty' },
    ])
  })
})
