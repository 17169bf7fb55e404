import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Bytes of all files below, as MiB; files that go away meanwhile count nothing, and no folder is empty. */
export async function folderMiB(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        stat(join(entry.parentPath, entry.name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
  )
  return sizes.reduce((sum, size) => sum + size, 0) / 2 ** 20
}
