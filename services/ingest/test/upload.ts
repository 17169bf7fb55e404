import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { type ClientRequest, request as httpRequest } from 'node:http'
import type { Account, Answer } from './ingest-stack.ts'

export interface UploadedFile {
  bytes: Buffer
  /** None: the part has no file name. */
  name?: string
}

/** A form part as it goes over the wire. */
export function part(name: string, body: Buffer | string, fileName?: string): Buffer {
  const file = fileName === undefined ? '' : `; filename="${fileName}"`
  return Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`),
    Buffer.from(body),
    Buffer.from('\r\n'),
  ])
}

const boundary = 'synap-test-boundary'
export const formEnd = Buffer.from(`--${boundary}--\r\n`)
export const note = JSON.stringify({ type: 'note' })

const pngBegin = '89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489'

/** A picture by its bytes, another each time, with `size` bytes of data that no viewer would like. */
export function anyPng(size: number): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(size)
  return Buffer.concat([Buffer.from(pngBegin, 'hex'), length, Buffer.from('IDAT'), randomBytes(size)])
}

export interface FormOptions {
  account: Account
  idempotencyKey?: string
  headers?: Record<string, string>
  /** `POST /v1/entities` by default. */
  method?: string
  path?: string
}

const headersOf = ({ account, idempotencyKey, headers }: FormOptions) => ({
  authorization: `Bearer ${account.key}`,
  'content-type': `multipart/form-data; boundary=${boundary}`,
  ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
  ...headers,
})

/** Sends a body as it is. */
export async function sendForm(
  service: { url: string },
  body: readonly Buffer[],
  options: FormOptions,
): Promise<Answer> {
  const response = await fetch(`${service.url}${options.path ?? '/v1/entities'}`, {
    method: options.method ?? 'POST',
    headers: headersOf(options),
    body: Buffer.concat(body),
    signal: AbortSignal.timeout(50_000),
  })
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer['body'],
  }
}

export const upload = (
  service: { url: string },
  { bytes, name }: UploadedFile,
  options: FormOptions & { entity?: object },
): Promise<Answer> => {
  const entity = JSON.stringify({ type: 'note', ...options.entity })
  return sendForm(service, [part('entity', entity), part('file', bytes, name), formEnd], options)
}

export interface SlowUpload {
  request: ClientRequest
  /** Resolves with the status, or rejects when the connection breaks. */
  answered: Promise<number>
}

/** Begins a chunked upload and leaves it open. */
export function beginUpload(service: { url: string }, options: FormOptions): SlowUpload {
  const request = httpRequest(`${service.url}/v1/entities`, { method: 'POST', headers: headersOf(options) })
  const answered = new Promise<number>((resolve, reject) => {
    request.on('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.on('error', reject)
  })
  answered.catch(() => undefined)
  return { request, answered }
}

/** Temporary files that a process has open, as the system names them. */
export function openUploads(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`)
      return target.includes('synap-upload-') ? [target] : []
    } catch {
      return []
    }
  })
}

/** Of an open file: nothing in a folder leads to it any more. */
export const isNameless = (target: string) => target.endsWith(' (deleted)')

/** Bytes of memory a process has had at most. */
export function peakMemory(pid: number): number {
  return 1_024 * Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}
