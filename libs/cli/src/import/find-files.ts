import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

const endings = ['.md', '.markdown']

/**
 * Paths of the Markdown files below a folder, relative to it with `/`, in a fixed order. Hidden files and folders are
 * left out; links are not followed, so a circle ends nothing.
 */
export async function findMarkdown(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const found: string[] = []
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue
    if (entry.isDirectory()) {
      for (const path of await findMarkdown(join(folder, entry.name))) found.push(`${entry.name}/${path}`)
    } else if (entry.isFile() && endings.some((ending) => entry.name.toLowerCase().endsWith(ending))) {
      found.push(entry.name)
    }
  }
  return found
}
