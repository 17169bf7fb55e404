import { closeSync, fstatSync, ftruncateSync, openSync, readSync, renameSync, writeSync } from 'node:fs'

export interface LogLimits {
  /** A log that has grown above this many bytes is moved aside. */
  maxBytes: number
  /** Milliseconds between two looks. */
  everyMs: number
}

/** Two files of about 10 MiB at most. */
export const logLimits: LogLimits = { maxBytes: 10 * 1_024 * 1_024, everyMs: 5_000 }

const chunkBytes = 256 * 1_024

/**
 * Moves what a log holds to `<file>.1`, in place of what was there, when it has grown above a size. Copies and empties
 * it, since whoever writes to it keeps it open: in append mode that goes on at the new end. Lines written while it is
 * emptied are copied as long as they come; what falls between the last copy and the emptying is lost.
 */
export function rotateLog(file: string, maxBytes = logLimits.maxBytes): boolean {
  let log: number
  try {
    log = openSync(file, 'r+')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
  try {
    if (fstatSync(log).size <= maxBytes) return false
    const draft = `${file}.part`
    copyAll(log, draft)
    ftruncateSync(log, 0)
    renameSync(draft, `${file}.1`)
    return true
  } finally {
    closeSync(log)
  }
}

function copyAll(log: number, to: string): void {
  const copy = openSync(to, 'w', 0o600)
  try {
    const buffer = Buffer.alloc(chunkBytes)
    let at = 0
    for (;;) {
      const read = readSync(log, buffer, 0, buffer.length, at)
      if (read === 0) return
      writeSync(copy, buffer, 0, read)
      at += read
    }
  } finally {
    closeSync(copy)
  }
}

/** Keeps a log within its limits until it is stopped; does not keep the process alive. */
export function keepLogBounded(file: string, limits: LogLimits = logLimits): { stop(): void } {
  const timer = setInterval(() => {
    try {
      rotateLog(file, limits.maxBytes)
    } catch {
      // A full disk or a folder that is gone: the log is no reason to end what runs; it is tried again.
    }
  }, limits.everyMs)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}
