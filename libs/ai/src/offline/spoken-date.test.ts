import { describe, expect, it } from 'vitest'
import { lastOfMonth, plusMonths, spokenDates, weekdayOf } from './spoken-date.ts'

/** A Wednesday. */
const today = { year: 2026, month: 11, day: 18 }

function said(text: string, language: string) {
  return spokenDates(text, language, today).map(({ day, time, minutesAhead, span }) => ({
    words: text.slice(span.start, span.end),
    ...(day === null ? {} : { day: `${day.year}-${day.month}-${day.day}` }),
    ...(time === null ? {} : { time: `${time.hour}:${time.minute}` }),
    ...(minutesAhead === null ? {} : { minutesAhead }),
  }))
}

describe('spokenDates', () => {
  it.each([
    ['de', 'Probe am Mittwoch um 18 Uhr 30', 'Mittwoch um 18 Uhr 30', '2026-11-25', '18:30'],
    ['de', 'um 7:45 am Sonntag laufen', 'um 7:45 am Sonntag', '2026-11-22', '7:45'],
    ['de', 'am 7. März essen', '7. März', '2027-3-7', undefined],
    ['fr', 'lundi soir à 21h', 'lundi soir à 21h', '2026-11-23', '21:0'],
    ['es', 'el 3 de enero de 2028 a las 8:05', '3 de enero de 2028 a las 8:05', '2028-1-3', '8:5'],
    ['pt', 'na terça-feira à noite', 'terça-feira à noite', '2026-11-24', undefined],
    ['it', 'fra due settimane', 'fra due settimane', '2026-12-2', undefined],
    ['hr', 'u utorak u 8 sati', 'utorak u 8 sati', '2026-11-24', '8:0'],
    ['hr', 'do kraja mjeseca', 'kraja mjeseca', '2026-11-30', undefined],
    ['nl', 'zondagavond om 20:15', 'zondagavond om 20:15', '2026-11-22', '20:15'],
  ])('given %s "%s", when read, then "%s" is %s %s', (language, text, words, day, time) => {
    expect(said(text, language)).toEqual([{ words, day, ...(time === undefined ? {} : { time }) }])
  })

  it('given hours and minutes from now, when read, then they are minutes', () => {
    expect(said('in 90 Minuten', 'de')).toEqual([{ words: 'in 90 Minuten', minutesAhead: 90 }])
    expect(said('dans deux heures', 'fr')).toEqual([{ words: 'dans deux heures', minutesAhead: 120 }])
  })

  it('given a time alone, when read, then it needs a word or a sign that makes it one', () => {
    expect(said('um 17 Uhr', 'de')).toEqual([{ words: '17 Uhr', time: '17:0' }])
    expect(said('um 17 Leute', 'de')).toEqual([])
    expect(said('à 25h', 'fr')).toEqual([])
  })

  it.each([
    ['de', 'Guten Morgen'],
    ['de', 'Version 3.11.2 und Kapitel 4.12'],
    ['de', 'am 31.2. oder am 30. Februar'],
    ['es', 'por la mañana'],
    ['es', '3/4 de taza'],
    ['pt', 'a segunda parte'],
    ['hr', 'za sada'],
    ['nl', '10.11.12.13'],
  ])('given %s "%s", when read, then no day is named', (language, text) => {
    expect(said(text, language)).toEqual([])
  })

  it('given months of all lengths, when counted on, then the day is there or the last', () => {
    expect(plusMonths({ year: 2027, month: 1, day: 31 }, 1)).toEqual({ year: 2027, month: 2, day: 28 })
    expect(plusMonths({ year: 2027, month: 11, day: 30 }, 3)).toEqual({ year: 2028, month: 2, day: 29 })
    expect(plusMonths({ year: 2026, month: 12, day: 5 }, 1)).toEqual({ year: 2027, month: 1, day: 5 })
    expect([
      lastOfMonth(2028, 2).day,
      weekdayOf(today),
      weekdayOf({ year: 1969, month: 12, day: 28 }),
    ]).toEqual([29, 3, 7])
  })
})
