import { uuidv7 } from '@synap/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, type Asked, type FakeSynap, problem, startFakeSynap } from '../../test/fake-synap.ts'
import { runSynap } from '../../test/run-synap.ts'

const timeoutMs = 60_000
const [id, relation, first, second, other] = Array.from({ length: 5 }, () => uuidv7())
const item = (of: string | undefined, title: string) => ({ id: of, type: 'note', title, preview: null })
const link = (target: string, resolution: string, items: object[], more: object = {}) => ({
  origin: 'derived',
  kind: 'wiki',
  target,
  heading: null,
  resolution,
  items,
  ...more,
})
const out = [
  link('Milk', 'ambiguous', [item(first, 'Milk'), item(second, 'milk\u001b[31m')]),
  link('Bread', 'unresolved', [], { kind: 'embed', heading: 'Rye' }),
]
const back = [link('a.md', 'resolved', [item(other, 'The diary')], { kind: 'markdown' })]

function answer({ path }: Asked): Answer {
  const { pathname, searchParams } = new URL(path, 'http://synap')
  const ok = (body: object): Answer => ({ status: 200, body })
  if (pathname === `/v1/entities/${id}/graph`) {
    const edge = { id: relation, type: 'blocks', source: id, target: other, version: 1, sequence: 1 }
    return ok({
      nodes: [
        { ...item(id, 'The list'), distance: 0 },
        { ...item(other, 'The diary'), distance: 1 },
      ],
      edges: [{ ...edge, createdAt: '2026-11-21T06:00:00.000Z' }],
      truncated: false,
      links: { items: [], next: null },
      backlinks: { items: [], next: null },
    })
  }
  if (pathname !== `/v1/entities/${id}/links`) return problem(404, 'not found')
  if (searchParams.get('direction') === 'in') return ok({ items: back, next: null })
  return searchParams.get('cursor') === 'second'
    ? ok({ items: out.slice(1), next: null })
    : ok({ items: out.slice(0, 1), next: 'second' })
}

describe('links', () => {
  let synap: FakeSynap
  const run = (...args: string[]) =>
    runSynap(['links', id ?? '', ...args, '--url', synap.url, '--api-key', 'syn_key'])
  beforeEach(async () => {
    synap = await startFakeSynap(answer)
  })
  afterEach(() => synap[Symbol.asyncDispose]())

  it(
    'given links that were made and links that texts write, each kind is told apart, with every candidate',
    async () => {
      const { code, stdout } = await run()
      expect(code).toBe(0)
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => line.replace(/ {2,}/g, '  '))
      expect(lines).toEqual([
        'link  id  type  title',
        `→ blocks  ${other}  note  The diary`,
        `→ [[Milk]] (derived)  ${first}  note  Milk (one of 2)`,
        `→ [[Milk]] (derived)  ${second}  note  milk [31m (one of 2)`,
        '→ ![[Bread#Rye]] (derived)  nothing is called so yet',
        `← (a.md) (derived)  ${other}  note  The diary`,
      ])
    },
    timeoutMs,
  )

  it(
    'given --json, a document for each link; given --type, only those that were made; given --limit, it says there are more',
    async () => {
      const { stdout } = await run('--json')
      const documents = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object)
      expect(documents).toEqual([
        {
          origin: 'relation',
          id: relation,
          type: 'blocks',
          direction: 'out',
          item: item(other, 'The diary'),
        },
        ...out.map((one) => ({ ...one, direction: 'out' })),
        ...back.map((one) => ({ ...one, direction: 'in' })),
      ])
      expect((await run('--type', 'blocks')).stdout).not.toContain('derived')
      const few = await run('--limit', '1')
      expect(few.stdout).not.toContain('Bread')
      expect(few.stderr).toContain(`./synap links ${id} --limit 2`)
    },
    timeoutMs,
  )
})
