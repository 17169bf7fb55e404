import { expect, it } from 'vitest'
import { wantsColors } from './paint.ts'

it.each([
  ['a terminal', {}, true, true],
  ['a pipe', {}, undefined, false],
  ['a pipe in continuous integration', { CI: 'true' }, undefined, false],
  ['a terminal under NO_COLOR', { NO_COLOR: '1' }, true, false],
  ['NO_COLOR and FORCE_COLOR', { NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
  ['a pipe under FORCE_COLOR', { FORCE_COLOR: '1' }, undefined, true],
  ['a terminal that can do nothing', { TERM: 'dumb' }, true, false],
])('given %s, colours are as wanted', (_what, env, terminal, colors) => {
  expect(wantsColors(env, terminal)).toBe(colors)
})
