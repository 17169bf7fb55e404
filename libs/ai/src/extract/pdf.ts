import type * as Pdf from 'unpdf'
import { createTextBuilder, type TextBuilder } from './text-builder.ts'

/** A document of more pages is given up: nobody wrote it to be read. */
const mostPages = 5_000
/** Links are looked for on the first pages only: they take as long as the text. */
const pagesWithLinks = 200

export type PdfParts = ReturnType<TextBuilder['parts']> & { title: string | null }

/** What a PDF is that has no words to give. */
export type PdfRefusal = 'encrypted' | 'no_text_layer' | 'too_large' | 'unprocessable'

type PdfDocument = Awaited<ReturnType<typeof Pdf.getDocumentProxy>>

interface TextItem {
  str?: string
  hasEOL?: boolean
  transform?: number[]
  height?: number
}

/**
 * The text layer of a PDF, page by page: scanned pages have none. Scripts and forms in it do not run, fonts are not
 * loaded, nothing is fetched. `largest`: UTF-16 units after which pages are left unread.
 *
 * Takes what memory the file asks for, so call it where memory and time are limited (`createExtractor`).
 */
export async function readPdf(bytes: Uint8Array, largest: number): Promise<PdfParts | PdfRefusal> {
  // With the first PDF, not with the thread: it is 2 MB of code.
  const { getDocumentProxy } = await import('unpdf')
  try {
    const document = await getDocumentProxy(Uint8Array.from(bytes), {
      enableXfa: false,
      disableFontFace: true,
      useSystemFonts: false,
      stopAtErrors: false,
      verbosity: 0,
    })
    if (document.numPages > mostPages) return 'unprocessable'
    return await readPages(document, largest)
  } catch (error) {
    if (error instanceof Error && error.name === 'PasswordException') return 'encrypted'
    // Whatever else it throws is about the file: it has no other input.
    return 'unprocessable'
  }
}

async function readPages(document: PdfDocument, largest: number): Promise<PdfParts | PdfRefusal> {
  const builder = createTextBuilder()
  for (let number = 1; number <= document.numPages && builder.length() < largest; number += 1) {
    const page = await document.getPage(number)
    const { items } = await page.getTextContent()
    for (const paragraph of paragraphsOf(items as TextItem[])) builder.add(paragraph, 'paragraph')
    if (number <= pagesWithLinks) {
      const annotations = (await page.getAnnotations()) as { url?: string }[]
      for (const { url } of annotations) builder.link('url', url)
    }
    page.cleanup()
  }
  // A single page can hold as much as it likes.
  if (builder.length() > 2 * largest) return 'too_large'
  const parts = builder.parts()
  if (parts.text === '') return 'no_text_layer'
  const { info } = await document.getMetadata()
  return { ...parts, title: titleOf((info as { Title?: unknown }).Title) }
}

/** Lines that stand close are one paragraph; a word cut at a line's end is joined. */
function paragraphsOf(items: readonly TextItem[]): string[] {
  const paragraphs: string[] = []
  let text = ''
  let lineY: number | undefined
  for (const { str = '', hasEOL = false, transform, height = 0 } of items) {
    const y = transform?.[5]
    const size = height > 0 ? height : 12
    if (str.trim() !== '' && y !== undefined) {
      if (lineY !== undefined && Math.abs(lineY - y) > 1.8 * size) {
        paragraphs.push(text)
        text = ''
      }
      lineY = y
    }
    text += str
    if (hasEOL) text += '\n'
  }
  paragraphs.push(text)
  return paragraphs.map((paragraph) =>
    paragraph
      .replaceAll(/(?<=\p{Ll})-\n(?=\p{Ll})/gu, '')
      .replaceAll('\0', '')
      .normalize('NFC'),
  )
}

/** What programs write there by themselves is no title. */
function titleOf(title: unknown): string | null {
  if (typeof title !== 'string') return null
  const text = title
    .replaceAll(/[\s\p{C}]+/gu, ' ')
    .trim()
    .slice(0, 500)
  return text === '' || /\\|^(?:microsoft |untitled|unbenannt|document\d*$)|\.\w{2,4}$/iu.test(text)
    ? null
    : text
}
