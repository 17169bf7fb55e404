import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Extraction, extractDocument } from '../../src/index.ts'

const modules = join(import.meta.dirname, '..', '..', '..', '..', 'node_modules')

/** READMEs of installed packages, in the order of their paths, read as the enricher reads them. */
export function readMarkdownFiles(most: number): Extraction[] {
  const paths = packagesIn(modules)
    .flatMap((folder) => readmesIn(folder))
    .sort()
  const documents: Extraction[] = []
  for (const path of paths) {
    if (documents.length >= most) break
    const { extraction } = extractDocument(readFileSync(path), 'markdown')
    if (extraction !== null) documents.push(extraction)
  }
  return documents
}

/** Folders of packages, those of a scope and links included. */
function packagesIn(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    if (name.startsWith('.') || name === '@synap') return []
    return name.startsWith('@') ? packagesIn(join(folder, name)) : [join(folder, name)]
  })
}

function readmesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^readme\.md$/iu.test(name))
      .map((name) => join(folder, name))
  } catch {
    return []
  }
}
