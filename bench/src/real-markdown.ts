import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryRoot } from './repository.ts'

/** Longer ones are left out: one file of a megabyte would be most of the work. */
const maxBytes = 256 * 1024

/**
 * Texts of `count` real Markdown files: the READMEs of the packages that npm installed, in the order of their paths. When
 * there are fewer, they come again with another last line, so that no two texts are the same.
 */
export async function readRealMarkdown(count: number): Promise<string[]> {
  const entries = await readdir(join(repositoryRoot, 'node_modules'), {
    recursive: true,
    withFileTypes: true,
  })
  const files = entries
    .filter((entry) => entry.isFile() && /^readme\.md$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  const texts = new Set<string>()
  for (const file of files) {
    const bytes = await readFile(file)
    if (bytes.length <= maxBytes && bytes.toString('utf8').trim() !== '') texts.add(bytes.toString('utf8'))
  }
  const different = [...texts]
  if (different.length === 0) throw new Error('no README was found below node_modules')
  return Array.from({ length: count }, (_, index) => {
    const text = different[index % different.length] ?? ''
    const copy = Math.floor(index / different.length)
    return copy === 0 ? text : `${text}\n\nCopy ${copy} of this text.\n`
  })
}
