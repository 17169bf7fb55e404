import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { generatedFiles } from '@synap/contracts/generate'

const command = 'node libs/contracts/src/generate/main.ts'

/** Differences between the files that are made from the event catalogue and what it says today, one line each. */
export function contractsDrift(root: string): readonly string[] {
  const files = generatedFiles()
  const wanted = new Set(files.map(({ path }) => path))
  const differing = files
    .filter(
      ({ path, text }) => !existsSync(join(root, path)) || readFileSync(join(root, path), 'utf8') !== text,
    )
    .map(({ path }) => `${path} is not what the catalogue says: run ${command}`)
  const orphaned = readdirSync(join(root, 'libs/contracts/avsc'))
    .map((name) => `libs/contracts/avsc/${name}`)
    .filter((path) => !wanted.has(path))
    .map((path) => `${path} comes from no event of the catalogue: run ${command}`)
  return [...differing, ...orphaned]
}
