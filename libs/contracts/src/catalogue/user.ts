import type { TagId } from '@synap/core'
import { z } from 'zod'
import { defineEvents } from '../event/define-event.ts'
import { nullable, text, textAs, uuid } from '../event/field.ts'
import { limits } from '../text.ts'

const name = (doc: string) => text(doc, { min: 1, max: limits.tagName })
const color = (doc: string) => nullable(textAs(doc, z.string().regex(/^#[0-9a-f]{6}$/, 'must be #rrggbb')))
const tagId = uuid<TagId>('Id of the tag.')
const setting = (doc: string, max: number) => nullable(text(doc, { min: 1, max }))

/** Events of the user aggregate, whose id is the user's id. */
export const userEvents = defineEvents({
  'tag.renamed': {
    aggregate: 'user',
    doc: 'A tag has another name, on every entity that has it.',
    text: 'more',
    fields: { tagId, name: name('The new name.'), oldName: name('The name before.') },
  },
  'tag.recolored': {
    aggregate: 'user',
    doc: 'A tag has another colour, or none.',
    text: 'more',
    fields: { tagId, color: color('The new colour, #rrggbb.'), oldColor: color('The colour before.') },
  },
  'tag.merged': {
    aggregate: 'user',
    doc: 'A tag became another one, on every entity that had it; it exists no more.',
    text: 'more',
    fields: {
      tagId: uuid<TagId>('The tag that is gone.'),
      name: name('Its name.'),
      intoId: uuid<TagId>('The tag that takes its place.'),
      intoName: name('The name of that one.'),
    },
  },
  'user.settings_changed': {
    aggregate: 'user',
    doc: 'A setting changed; one that did not change has the same value twice.',
    text: 'more',
    fields: {
      timeZone: setting('IANA name, such as Europe/Berlin.', limits.timeZone),
      oldTimeZone: setting('The time zone before.', limits.timeZone),
      language: setting('BCP 47 tag, such as de-AT.', limits.language),
      oldLanguage: setting('The language before.', limits.language),
    },
  },
  'user.erased': {
    aggregate: 'user',
    doc: 'Everything of the user is removed from every store.',
    text: 'none',
    fields: {},
  },
})
