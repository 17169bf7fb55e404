import type { FileType } from '@synap/contracts'
import { type FileTypeResult, fileTypeFromBuffer } from 'file-type'
import { markupOf } from './markup.ts'
import { createTextScan } from './text-scan.ts'

/** What a file is. */
export interface FileKind {
  fileType: FileType
  /** Media type, as it is served. */
  contentType: string
  /** Lower case, without the dot. */
  extension: string
}

/** Tells what a file is while its bytes go by. */
export interface Sniffer {
  /** The next bytes. */
  push(chunk: Uint8Array): Promise<void>
  /** What it is as far as is known; undefined before the first 64 KiB. What looks like text may turn out not to be. */
  readonly seems: FileKind | undefined
  /** After the last bytes: what it is. */
  end(): Promise<FileKind>
  /** The beginning of a text, at most 64 KiB of it; empty for anything else. */
  readonly beginning: string
}

/** Bytes that are kept to tell formats by: no detector looks further, whatever the bytes say. */
const headBytes = 65_536
/** How formats begin that are made of printable characters and are no text for people: PDF, RTF, PostScript. */
const printableFormats = /^(?:%PDF-|\{\\rtf|%!PS)/
const otherVideo = new Set(['application/vnd.ms-asf', 'application/mxf'])
const utf8 = '; charset=utf-8'

/**
 * The type is told from the bytes alone. Text is what is UTF-8 to its end; only between Markdown and other text, which no
 * byte tells apart, the name decides (`.md`, `.markdown`).
 */
export function createSniffer(name: string | null): Sniffer {
  const scan = createTextScan()
  const isMarkdown = /\.(md|markdown)$/i.test(name ?? '')
  let head: Buffer = Buffer.alloc(0)
  let format: FileTypeResult | undefined
  let looked = false
  const look = async () => {
    looked = true
    format = await fileTypeFromBuffer(head)
  }
  const kind = () => kindOf({ scan, format, isMarkdown, head })
  return {
    push: async (chunk) => {
      scan.update(chunk)
      if (looked) return
      head = Buffer.concat([head, chunk.subarray(0, headBytes - head.length)])
      if (head.length >= headBytes) await look()
    },
    get seems() {
      return looked ? kind() : undefined
    },
    end: async () => {
      scan.end()
      if (!looked) await look()
      return kind()
    },
    get beginning() {
      return scan.isUtf8 ? head.toString('utf8').replace(/^\uFEFF/, '') : ''
    },
  }
}

interface Findings {
  scan: { isUtf8: boolean; isPrintable: boolean }
  format: FileTypeResult | undefined
  isMarkdown: boolean
  head: Buffer
}

function kindOf({ scan, format, isMarkdown, head }: Findings): FileKind {
  // Signatures of two letters are also words: a text that begins with "BM" is no bitmap.
  const isText = scan.isUtf8 && !printableFormats.test(head.toString('latin1', 0, 5))
  if (scan.isPrintable && (isText || format === undefined)) {
    const markup = markupOf(head.toString(scan.isUtf8 ? 'utf8' : 'latin1'))
    // In another encoding only the page itself knows which.
    const charset = scan.isUtf8 ? utf8 : ''
    if (markup === 'html') return { fileType: 'html', contentType: `text/html${charset}`, extension: 'html' }
    if (markup === 'svg') return { fileType: 'image', contentType: 'image/svg+xml', extension: 'svg' }
  }
  if (isText) {
    return isMarkdown
      ? { fileType: 'markdown', contentType: `text/markdown${utf8}`, extension: 'md' }
      : { fileType: 'text', contentType: `text/plain${utf8}`, extension: 'txt' }
  }
  // XML that is not UTF-8 text is nothing that could be named.
  if (format === undefined || format.mime === 'application/xml') {
    return { fileType: 'other', contentType: 'application/octet-stream', extension: 'bin' }
  }
  return { fileType: fileTypeOf(format.mime), contentType: format.mime, extension: format.ext }
}

function fileTypeOf(mime: string): FileType {
  if (mime === 'application/pdf') return 'pdf'
  if (mime.startsWith('image/')) return 'image'
  if (mime.startsWith('audio/') || mime === 'application/ogg') return 'audio'
  return mime.startsWith('video/') || otherVideo.has(mime) ? 'video' : 'other'
}
