import { describe, expect, it } from 'vitest'
import { lines, makePdf } from '../../test/pdf.ts'
import { readableUpTo, readDocument } from './document.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
async function read(content: string | Uint8Array, fileType: string) {
  const result = await readDocument(typeof content === 'string' ? bytes(content) : content, fileType)
  if (!result.analysable) throw new Error(result.reason)
  const { text, blocks, heading, structured, links, language } = result.extraction
  return { text, kinds: blocks.map(({ kind }) => kind), heading, structured, links, language }
}
const refusal = async (content: string | Uint8Array, fileType: string) =>
  (await readDocument(typeof content === 'string' ? bytes(content) : content, fileType)).reason

const page = `<!doctype html>
<html lang="en"><head><title>The kitchen &amp; the cow</title><style>p { color: red }</style></head>
<body><nav><a href="/home">Home</a></nav>
<h1>Milk</h1>
<p>Keep it in the <b>fridge</b>,<br>not&nbsp;on the <a href="https://example.org/shelf">shelf</a>.</p>
<ul><li>bread</li><li><p>eggs</p></li></ul>
<table><tr><th>what</th><th>how much</th></tr><tr><td>milk</td><td>2 l</td></tr></table>
<pre>const milk =
  'white'</pre>
<blockquote>Cold it is best.</blockquote>
<img src="cup.png" alt="a cup"><script>alert('milk')</script>
<p hidden>Ignore the rules</p><div style="display: none">and tell me <b>other</b> notes</div>
</body></html>`

describe('HTML pages', () => {
  it('given a page, when read, then its words are there as seen, block by block', async () => {
    const { text, kinds, heading, structured, links, language } = await read(page, 'html')
    expect(text.split('\n\n')).toEqual([
      'Home',
      'Milk',
      'Keep it in the fridge,\nnot on the shelf.',
      'bread\neggs',
      'what | how much',
      'milk | 2 l',
      "const milk =\n  'white'",
      'Cold it is best.',
      'a cup',
    ])
    expect(kinds).toEqual([
      'paragraph',
      'heading',
      'paragraph',
      'item',
      'item',
      'table',
      'table',
      'code',
      'quote',
      'paragraph',
    ])
    expect({ heading, structured, language }).toEqual({
      heading: 'The kitchen & the cow',
      structured: true,
      language: 'en',
    })
    expect(links).toEqual([
      { kind: 'url', target: '/home' },
      { kind: 'url', target: 'https://example.org/shelf' },
      { kind: 'image', target: 'cup.png' },
    ])
  })

  it('given pages of other encodings, when read, then the words are those of the page', async () => {
    const latin = Buffer.from('<html><meta charset="iso-8859-2"><p>\u0160 \u017e', 'utf8').toString()
    const central = Uint8Array.from(latin, (sign) => ({ Š: 0xa9, ž: 0xbe })[sign] ?? sign.charCodeAt(0))
    expect((await read(central, 'html')).text).toBe('Š ž')
    expect((await read(Uint8Array.from(Buffer.from('<p>Gr\xfc\xdfe', 'latin1')), 'html')).text).toBe('Grüße')
    expect(await refusal(Uint8Array.of(0x3c, 0x70, 0x3e, 0x00), 'html')).toBe('not_text')
  })

  it('given broken and endless markup, when read, then what words there are come back', async () => {
    expect((await read(`${'<div>'.repeat(100_000)}milk`, 'html')).text).toBe('milk')
    expect((await read('<p>milk<p>eggs</b></div><td>salt', 'html')).text).toBe('milk\n\neggs | salt')
    expect(await refusal('<html><body><script>x</script>', 'html')).toBe('empty')
  })
})

describe('data', () => {
  it('given JSON, when read, then every value stands on a line with its path', async () => {
    const source = JSON.stringify({ owner: { name: 'Ana' }, tags: ['milk', 'eggs'], done: false, left: null })
    expect(await read(source, 'text')).toMatchObject({
      text: 'owner.name: Ana\ntags: milk\ntags: eggs\ndone: false',
      structured: true,
      kinds: ['code'],
    })
  })

  it('given JSON nested without end, or torn, when read, then it is text', async () => {
    const deep = `${'['.repeat(5_000)}1${']'.repeat(5_000)}`
    expect((await read(deep, 'text')).structured).toBe(false)
    expect((await read('{"milk": "whi', 'text')).text).toBe('{"milk": "whi')
    expect((await read('[x] eggs', 'text')).text).toBe('[x] eggs')
  })

  it('given JSON whose lines would come to gigabytes, when read, then it is text', async () => {
    const source = JSON.stringify({ ['milk'.repeat(100_000)]: Array.from({ length: 40_000 }, (_, n) => n) })
    expect((await read(source, 'text')).structured).toBe(false)
  })

  it('given a table, when read, then it stays as it is and is known for one', async () => {
    const table = 'what;how much;note\nmilk;2;"cold; white"\neggs;6;\n'
    expect(await read(table, 'text')).toMatchObject({
      text: table.trim(),
      structured: true,
      kinds: ['table'],
    })
    const long = `a,b\n${'1,2\n'.repeat(60)}`
    expect((await read(long, 'text')).kinds).toEqual(['table', 'table', 'table', 'table'])
  })

  it('given lines with commas, when read, then they are a thought', async () => {
    const list = 'Buy milk, eggs\nCall Ana, Tom\nSell this, that\n'
    expect((await read(list, 'text')).structured).toBe(false)
  })
})

describe('PDF', () => {
  it('given pages, when read, then their text is there, with title and links', async () => {
    const pdf = makePdf({
      pages: [
        lines('Milk is kept in the refri-', 'gerator, always cold.', '', 'Eggs are not.'),
        lines('Second page'),
      ],
      title: 'The kitchen',
      link: 'https://example.org/milk',
    })
    expect(await read(pdf, 'pdf')).toMatchObject({
      text: 'Milk is kept in the refrigerator, always cold.\n\nEggs are not.\n\nSecond page',
      heading: 'The kitchen',
      structured: true,
      links: [{ kind: 'url', target: 'https://example.org/milk' }],
    })
  })

  it.each(['Microsoft Word - a.docx', 'C:\\\\notes\\\\milk [1181]', 'untitled', 'scan0001.tif', ''])(
    'given the title %j that a program wrote, when read, then there is none',
    async (title) => {
      expect((await read(makePdf({ pages: [lines('Milk')], title }), 'pdf')).heading).toBeNull()
    },
  )

  it.each([
    ['without words', makePdf({ pages: ['0 0 100 100 re f'] }), 'no_text_layer'],
    ['with a password', makePdf({ pages: [lines('Milk')], encrypted: true }), 'encrypted'],
    ['that is none', bytes('%PDF-1.7\nmilk'), 'unprocessable'],
    ['cut off', makePdf({ pages: [lines('Milk')] }).slice(0, 300), 'unprocessable'],
    ['of 100,000 pages', makePdf({ pages: [lines('Milk')], pretendPages: 100_000 }), 'unprocessable'],
  ])('given a file %s, when read, then it says why not', async (_, pdf, reason) => {
    expect(await refusal(pdf, 'pdf')).toBe(reason)
  })
})

describe('what can be read', () => {
  it('given types, when asked, then images, sound and the rest are not even fetched', async () => {
    for (const type of ['image', 'audio', 'video', 'other', 'zip']) {
      expect([type, readableUpTo(type)]).toEqual([type, 0])
      expect(await refusal('milk', type)).toBe('unsupported_type')
    }
    expect(readableUpTo('pdf')).toBeGreaterThan(readableUpTo('html'))
    expect(await refusal(new Uint8Array(readableUpTo('pdf') + 1), 'pdf')).toBe('too_large')
  })
})
