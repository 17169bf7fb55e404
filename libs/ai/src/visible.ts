import { SynapError } from '@synap/core'
import { fold } from './words.ts'

/** What is left of a text without spaces and signs that nobody sees; empty for a text that no vector can stand for. */
export function visibleSigns(text: string): string {
  return fold(text).replaceAll(/[\s\p{C}]+/gu, '')
}

/** The refusal of every provider, so that an item is judged the same whatever model is configured. */
export function emptyText(index: number): SynapError {
  return new SynapError('a text without a visible character cannot be embedded', {
    code: 'model.empty_text',
    class: 'data',
    fields: { index },
  })
}
