import { deflateSync } from 'node:zlib'

export interface PdfParts {
  /** The content stream of each page, uncompressed; see `lines`. */
  pages: readonly string[]
  title?: string
  /** A link on the first page. */
  link?: string
  /** Pages that the catalogue says there are, all of them the first one. */
  pretendPages?: number
  /** A content stream that is compressed already, in place of the first page's. */
  deflated?: Uint8Array
  /** True for a file that wants a password. */
  encrypted?: boolean
}

/** Drawing operators that show lines of text, one under the other; an empty line leaves a gap. */
export function lines(...texts: readonly string[]): string {
  const shown = texts.map((text) => `0 -14 Td (${text.replaceAll(/[()\\]/gu, '\\$&')}) Tj`)
  return `BT /F1 12 Tf 72 780 Td ${shown.join('\n')} ET`
}

/** A small PDF 1.7 file, written by hand (ISO 32000-1, 7.5): what tests of reading need, and hostile ones. */
export function makePdf({ pages, title, link, pretendPages, deflated, encrypted }: PdfParts): Uint8Array {
  const objects = new Map<number, Buffer>()
  const put = (id: number, body: string) => objects.set(id, Buffer.from(body, 'latin1'))
  const first = 10
  const kids = pages.map((_, index) => `${first + index * 2} 0 R`)
  const all = pretendPages === undefined ? kids : Array.from({ length: pretendPages }, () => kids[0])
  put(1, '<< /Type /Catalog /Pages 2 0 R >>')
  put(2, `<< /Type /Pages /Count ${all.length} /Kids [${all.join(' ')}] >>`)
  put(3, '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>')
  put(4, `<< /Title (${title ?? ''}) >>`)
  put(5, `<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (${link ?? ''}) >> >>`)
  for (const [index, content] of pages.entries()) {
    const annotations = index === 0 && link !== undefined ? '/Annots [5 0 R]' : ''
    const stream = index === 0 && deflated !== undefined ? deflated : deflateSync(content)
    const id = first + index * 2
    const resources = '/Resources << /Font << /F1 3 0 R >> >>'
    put(
      id,
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] ${resources} /Contents ${id + 1} 0 R ${annotations} >>`,
    )
    const head = Buffer.from(`<< /Filter /FlateDecode /Length ${stream.length} >>\nstream\n`)
    objects.set(id + 1, Buffer.concat([head, stream, Buffer.from('\nendstream')]))
  }
  const hash = '0'.repeat(64)
  if (encrypted === true) put(6, `<< /Filter /Standard /V 1 /R 2 /O <${hash}> /U <${hash}> /P -44 >>`)
  return assemble(objects, encrypted === true ? `/Encrypt 6 0 R /ID [<${hash}> <${hash}>]` : '')
}

function assemble(objects: ReadonlyMap<number, Buffer>, trailer: string): Uint8Array {
  const parts: Buffer<ArrayBuffer>[] = [Buffer.from('%PDF-1.7\n')]
  const offsets = new Map<number, number>()
  let length = parts[0]?.length ?? 0
  const push = (part: Buffer<ArrayBuffer>) => {
    parts.push(part)
    length += part.length
  }
  for (const [id, body] of objects) {
    offsets.set(id, length)
    push(Buffer.concat([Buffer.from(`${id} 0 obj\n`), body, Buffer.from('\nendobj\n')]))
  }
  const size = Math.max(...objects.keys()) + 1
  const rows = Array.from({ length: size }, (_, id) => {
    const offset = offsets.get(id)
    return offset === undefined ? '0000000000 65535 f \n' : `${String(offset).padStart(10, '0')} 00000 n \n`
  })
  const start = length
  push(Buffer.from(`xref\n0 ${size}\n${rows.join('')}`))
  push(
    Buffer.from(
      `trailer\n<< /Size ${size} /Root 1 0 R /Info 4 0 R ${trailer} >>\nstartxref\n${start}\n%%EOF\n`,
    ),
  )
  return Uint8Array.from(Buffer.concat(parts))
}
