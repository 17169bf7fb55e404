import { describe, expect, it } from 'vitest'
import type { AnalyseInput } from '../provider.ts'
import { findPeople } from './people.ts'

const namesIn = (text: string, change: Partial<AnalyseInput> = {}) =>
  findPeople({
    text,
    heading: null,
    structured: false,
    type: 'note',
    referenceMs: 0,
    timeZone: 'UTC',
    vocabulary: [],
    ...change,
  })?.names ?? []

describe('people in a capture, by rules', () => {
  it.each([
    ['Call Ana Monday', ['Ana']],
    ["tell Ana's mother", ['Ana']],
    ['Meet Ana, Ben & Cleo at noon', ['Ana', 'Ben', 'Cleo']],
    ["ask Jean-Luc O'Brien and Anna van der Berg", ["Jean-Luc O'Brien", 'Anna van der Berg']],
    ['ask ANA, then ask Ana, then ask Ana again', ['ANA']],
    ['Termin mit Herrn Prof. Dr. Weiß am Montag', ['Herrn Prof. Dr. Weiß']],
    ['Frau Weber Unterlagen schicken', ['Frau Weber']],
    ['Rendez-vous avec Mme Garnier', ['Mme Garnier']],
  ])('given %j, when read, then it names %j', (text, names) => {
    expect(namesIn(text)).toEqual(names)
  })

  it.each([
    'Ask the Committee',
    'Call Monday',
    'Ask Acme Ltd for an offer',
    'Message Broker Comparison Notes',
    'Gespräch mit Steuerberater am Montag',
    'Treffen mit der Hausverwaltung',
    'Elektriker anrufen',
    'In Berlin with the Volvo',
    'Call Mom',
    'call ana',
    '',
  ])('given %j, when read, then it names nobody', (text) => {
    expect(namesIn(text)).toEqual([])
  })

  it('given more than ten names, when read, then the first ten are told', () => {
    const all = ['Ana', 'Ben', 'Cleo', 'Dora', 'Egon', 'Finn', 'Gwen', 'Hugo', 'Ines', 'Jana', 'Karl', 'Lena']
    expect(namesIn(`ask ${all.join(', ')} about it`)).toEqual(all.slice(0, 10))
  })

  it('given a page or a long text, when read, then only forms of address tell', () => {
    const text = 'Please ask Ana. Dr. Novak has the keys.'
    expect(namesIn(text, { structured: true })).toEqual(['Dr. Novak'])
    expect(namesIn(`${text} ${'x '.repeat(400)}`)).toEqual(['Dr. Novak'])
  })

  it('given an item that is only a title, when read, then that is read', () => {
    expect(namesIn('', { heading: 'Call Ana about the keys' })).toEqual(['Ana'])
  })

  it('given a long line of capital letters, when read, then it takes no time', () => {
    const started = process.cpuUsage().user
    namesIn(`ask ${'Aa-Bb '.repeat(90)}`)
    namesIn(`Dr. ${'Aaaa '.repeat(2_000)}`)
    expect((process.cpuUsage().user - started) / 1_000).toBeLessThan(1_000)
  })
})
