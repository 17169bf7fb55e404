import type { Stats } from 'node:fs'
import { open, readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { FileSource } from '@synap/client'
import { limits } from '@synap/contracts'
import { createSniffer } from '@synap/file-types'
import { CommandError } from './command-error.ts'
import { exitCodes } from './exit-codes.ts'

/** What `capture` was given: words and texts go as content, everything else as a file. */
export type CaptureInput =
  | { kind: 'text'; content: string }
  | {
      kind: 'file'
      source: FileSource
      /** Undefined for what came in on standard input. */
      name: string | undefined
      /** Bytes; undefined for what came in on standard input. */
      size: number | undefined
    }

/** Throws `CommandError` for a folder and for nothing at all. */
export async function readCaptureInput(
  words: readonly string[],
  stdin: AsyncIterable<Uint8Array>,
): Promise<CaptureInput> {
  const [first = ''] = words
  if (words.length > 1) return ofText(words.join(' '))
  if (first === '-') return readStream(stdin)
  if (first === '' || /[\n\0]/.test(first)) return ofText(first)
  const found = await stat(first).catch(() => undefined)
  if (found === undefined) return ofText(first)
  if (found.isDirectory()) {
    throw new CommandError(`${first} is a folder. Bring it in with: ./synap import ${first}`, exitCodes.usage)
  }
  return readFound(first, found)
}

/** A file that must be there. Throws `CommandError` for a folder, for nothing at all and where there is none. */
export async function readFileInput(path: string): Promise<CaptureInput> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined || found.isDirectory()) {
    const problem = found === undefined ? 'There is no file' : 'It is a folder:'
    throw new CommandError(`${problem} ${path}`, exitCodes.usage)
  }
  return readFound(path, found)
}

async function readFound(path: string, found: Stats): Promise<CaptureInput> {
  if (found.isFile()) return readRegularFile(path, found.size)
  const file = await open(path)
  return readStream(file.createReadStream())
}

/** Texts that are read value by value: content would be Markdown, and a title made of brackets. */
const dataNames = /\.(json|csv|tsv)$/i

async function readRegularFile(path: string, size: number): Promise<CaptureInput> {
  const name = basename(path)
  const file: CaptureInput = { kind: 'file', source: { path }, name, size }
  if (size > limits.content || dataNames.test(name)) return file
  const bytes = await readFile(path)
  return (await isPlainText(bytes, name)) ? ofText(decode(bytes)) : file
}

/** Reads as much as may go as content; with more than that, or with anything but text, the rest streams on. */
async function readStream(stream: AsyncIterable<Uint8Array>): Promise<CaptureInput> {
  const iterator = stream[Symbol.asyncIterator]()
  const held: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await iterator.next()
    if (done === true) break
    held.push(value)
    size += value.length
    if (size > limits.content) return ofStream(held, iterator)
  }
  const bytes = Buffer.concat(held)
  return (await isPlainText(bytes, null)) ? ofText(decode(bytes)) : ofStream(held, iterator)
}

function ofStream(held: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): CaptureInput {
  const stream = async function* () {
    yield* held
    yield* { [Symbol.asyncIterator]: () => rest }
  }
  return { kind: 'file', source: { stream: stream() }, name: undefined, size: undefined }
}

function ofText(content: string): CaptureInput {
  if (content.trim() === '') {
    throw new CommandError('There is nothing to capture: it is empty.', exitCodes.usage)
  }
  return { kind: 'text', content }
}

/** A page or an SVG image is a file, though it is made of text. */
async function isPlainText(bytes: Uint8Array, name: string | null): Promise<boolean> {
  const sniffer = createSniffer(name)
  await sniffer.push(bytes)
  const { fileType } = await sniffer.end()
  return fileType === 'markdown' || fileType === 'text'
}

/** A byte order mark stays: what comes back must be what went in. */
const decode = (bytes: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
