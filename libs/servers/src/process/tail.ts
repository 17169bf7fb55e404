import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const windowBytes = 64 * 1024

/** The last lines of a file, empty when there is none. Reads at most its last 64 KiB. */
export function tail(file: string, lines: number): string {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch {
    return ''
  }
  try {
    const { size } = fstatSync(descriptor)
    const buffer = Buffer.alloc(Math.min(size, windowBytes))
    readSync(descriptor, buffer, 0, buffer.length, size - buffer.length)
    return buffer.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n')
  } finally {
    closeSync(descriptor)
  }
}
