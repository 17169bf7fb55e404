import { openSync, renameSync, statSync } from 'node:fs'

const rotateBytes = 10 * 1024 * 1024

/**
 * Opens a log for appending, closed to other users. One that has grown above 10 MiB becomes `<file>.1` first, so two
 * such files is what a part keeps at most per start.
 */
export function openLog(file: string): number {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size > rotateBytes) renameSync(file, `${file}.1`)
  return openSync(file, 'a', 0o600)
}
