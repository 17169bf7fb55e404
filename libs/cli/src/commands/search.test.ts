import type { SearchHit } from '@synap/contracts'
import { expect, it } from 'vitest'
import { aboutNearOnes, aboutNothing } from './search.ts'

const hit = (...matched: SearchHit['matched']) => ({ matched }) as SearchHit

it.each([
  ['hybrid', [hit('text', 'semantic'), hit('semantic'), hit('semantic')], '1 of 3 by the words'],
  ['hybrid', [hit('semantic')], 'None by the words'],
  ['hybrid', [hit('text')], undefined],
  ['semantic', [hit('semantic')], undefined],
] as const)('given hits of mode %s, those without the words are told', (mode, items, told) => {
  const said = aboutNearOnes({ mode, items: [...items] })
  if (told === undefined) expect(said).toBeUndefined()
  else expect(said).toContain(told)
})

it.each([
  ['milk bread', false, 'Nothing found. What was captured'],
  ['milk', true, 'among what the filters leave'],
  ['milk -bread', false, 'all of these words. With quotes or a minus'],
  ['"milk bread"', true, 'all of these words among what the filters leave'],
])('given nothing for %s, it says what may be why', (q, isFiltered, told) => {
  expect(aboutNothing(q, isFiltered)).toContain(told)
})
