import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { repositoryRoot } from './repository.ts'

/** Longer ones are left out: one file of a megabyte would be most of the work. */
const maxBytes = 256 * 1024

/**
 * Texts of `count` real Markdown files: the READMEs of the packages that npm installed, in the order of their paths. When
 * there are fewer, they come again with another last line, so that no two texts are the same.
 */
export async function readRealMarkdown(count: number): Promise<string[]> {
  const files = await readmesBelow(join(repositoryRoot, 'node_modules'))
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

/** Paths in order. A folder of packages may be a link to where they are, as in a checkout that uses those of another. */
async function readmesBelow(folder: string): Promise<string[]> {
  const places = await readdir(folder, { withFileTypes: true })
  const files = places
    .filter((place) => place.isDirectory() || place.isSymbolicLink())
    .map(async ({ name }) => {
      const place = await realpath(join(folder, name))
      if (!(await stat(place)).isDirectory()) return []
      const entries = await readdir(place, { recursive: true, withFileTypes: true })
      return entries
        .filter((entry) => entry.isFile() && /^readme\.md$/i.test(entry.name))
        .map((entry) => join(folder, name, relative(place, join(entry.parentPath, entry.name))))
    })
  return (await Promise.all(files)).flat().sort()
}
