import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Check, type Finding, failed, ok, warning } from './check.ts'
import { formatBytes } from './format-bytes.ts'

const leastBytes = 200 * 2 ** 20
const enoughBytes = 2 * 2 ** 30

export const disk: Check = {
  name: 'disk',
  otherwise: () => 'df -h .',
  run: async ({ root }) => {
    const folder = nearestFolder(join(root, '.synap'))
    return judgeDisk(await freeBytes(folder), folder)
  },
}

export function judgeDisk(free: number, folder: string): Finding {
  const found = `${formatBytes(free)} free at ${folder}`
  if (free < leastBytes) return failed(found, 'Make room: writes fail on a full disk (df -h)')
  return free < enoughBytes ? warning(found, 'Make room soon; 2 GB is enough for a start (df -h)') : ok(found)
}

/** Bytes that this user may still write there. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** The folder, or the nearest one above it that is there. */
export function nearestFolder(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestFolder(dirname(folder))
}
