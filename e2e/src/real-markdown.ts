import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const modules = join(import.meta.dirname, '..', '..', 'node_modules')

export interface MarkdownFolder extends AsyncDisposable {
  path: string
  files: number
}

/** A folder with up to `count` real Markdown files: the READMEs of the packages that npm installed. */
export async function copyRealMarkdown(count: number): Promise<MarkdownFolder> {
  const path = await mkdtemp(join(tmpdir(), 'synap-markdown-'))
  const packages = (await readdir(modules)).filter((name) => !name.startsWith('.') && name !== '@synap')
  // Each by itself, as one may be a link.
  const entries = await Promise.all(
    packages.map((name) => readdir(join(modules, name), { recursive: true, withFileTypes: true })),
  )
  const found = entries
    .flat()
    .filter((entry) => entry.isFile() && /^readme\.md$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .slice(0, count)
  await Promise.all(
    found.map((file, index) => copyFile(file, join(path, `${String(index).padStart(4, '0')}.md`))),
  )
  return {
    path,
    files: found.length,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}
