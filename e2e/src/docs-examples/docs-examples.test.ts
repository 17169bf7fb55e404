import { describe, expect, it } from 'vitest'
import { compareAnswer, type Variables } from './compare-answer.ts'
import { parseExamples, type ShownAnswer } from './read-examples.ts'

const page = `
# A page

\`\`\`sh
./synap start
\`\`\`

\`\`\`sh
curl "$SYNAP_URL/a" \\
  -H "$AUTH"
\`\`\`

It answers:

\`\`\`json
{ "id": "$A" }
\`\`\`

- in a list
  \`\`\`console
  $ curl "$SYNAP_URL/b" \\
      -d x
  said
  $ ls
  \`\`\`
  \`\`\`bash
  curl c
  \`\`\`
`

const json = (text: string): ShownAnswer => ({ kind: 'json', text })
const lines = (text: string): ShownAnswer => ({ kind: 'text', text })
const compare = (shown: string, real: unknown, variables: Variables = {}) =>
  compareAnswer(json(shown), JSON.stringify(real), variables)

describe('examples of a page', () => {
  it('given fences of commands, those with curl are examples, each with the answer behind it', () => {
    expect(parseExamples('a.md', page)).toEqual([
      {
        page: 'a.md',
        line: 9,
        script: 'curl "$SYNAP_URL/a" \\\n  -H "$AUTH"',
        answer: { kind: 'json', text: '{ "id": "$A" }' },
      },
      {
        page: 'a.md',
        line: 21,
        script: 'curl "$SYNAP_URL/b" \\\n    -d x\nls',
        answer: undefined,
      },
      { page: 'a.md', line: 27, script: 'curl c', answer: undefined },
    ])
  })
})

describe('an answer compared with the one that a page shows', () => {
  const id = '01a1fd5d-8721-7000-a05a-587e43b819c2'
  const other = '01a1fd5d-872e-7000-ae37-9ad7c8144309'

  it('given values that differ from run to run, they only have to look alike', () => {
    const shown = `{ "id": "${id}", "at": "2026-11-21T09:08:47.522Z", "n": 3 }`
    expect(compare(shown, { id: other, at: '2027-01-01T00:00:00.000Z', n: 900 })).toEqual([])
    expect(compare(shown, { id: 'x', at: 'now', n: '3' })).toHaveLength(3)
  })

  it('given members or text that the page does not have, it says which', () => {
    expect(compare('{ "a": "x", "b": null }', { a: 'y', c: true })).toEqual([
      'answer.b is missing',
      'answer.c is not shown: true',
      'answer.a is "y", not "x"',
    ])
    expect(compare('{ "a": null }', { a: 1 })).toEqual(['answer.a is 1, not null'])
    expect(compare('{ "a": true }', { a: false })).toEqual(['answer.a is false, not true'])
  })

  it('given an ellipsis, there may be more members, or any value', () => {
    expect(compare('{\n  "a": "…",\n  …\n}', { a: [1], b: 2 })).toEqual([])
    expect(compare('{ "a": { … }, … }', { a: {}, b: 2 })).toEqual([])
    expect(compare('{ "a": "/x/…/y" }', { a: '/x/123/y' })).toEqual([])
    expect(compare('{ "a": "/x/…/y" }', { a: '/x/123' })).toHaveLength(1)
  })

  it('given one item, all are like it; given several, there are as many', () => {
    const one = '[{ "n": 1 }]'
    expect(compare(one, [{ n: 1 }, { n: 2 }])).toEqual([])
    expect(compare(one, [{ n: 1 }, { m: 2 }])).toHaveLength(2)
    expect(compare(one, [])).toHaveLength(1)
    expect(compare('[]', [1])).toHaveLength(1)
    expect(compare('["a", "b"]', ['a', 'b'])).toEqual([])
    expect(compare('["a", "b"]', ['a'])).toHaveLength(1)
  })

  it('given a name, it takes the value; text must stay the same, a number moves on', () => {
    const variables: Variables = {}
    expect(compare('{ "id": "$NOTE", "sequence": $SEQUENCE }', { id, sequence: 4 }, variables)).toEqual([])
    expect(variables).toEqual({ NOTE: id, SEQUENCE: '4' })
    expect(
      compare(
        '{ "path": "/v1/$NOTE/x", "sequence": $SEQUENCE }',
        { path: `/v1/${id}/x`, sequence: 9 },
        variables,
      ),
    ).toEqual([])
    expect(variables['SEQUENCE']).toBe('9')
    expect(compare('{ "id": "$NOTE" }', { id: other }, variables)).toHaveLength(1)
    expect(compare('{ "id": "$FRESH" }', { id: null }, variables)).toHaveLength(1)
  })

  it('given lines of text, each must come, in this order', () => {
    expect(
      compareAnswer(lines('HTTP/1.1 200 OK\netag: "…"'), 'HTTP/1.1 200 OK\r\nx: y\r\netag: "7"\r\n', {}),
    ).toEqual([])
    expect(compareAnswer(lines('b\na'), 'a\nb', {})).toHaveLength(1)
  })

  it('given no JSON, it says so', () => {
    expect(compareAnswer(json('{}'), 'oops', {})).toEqual(['the answer is no JSON: oops'])
  })
})
