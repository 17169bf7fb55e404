import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generatedFiles } from './generated-files.ts'

/** Writes everything that is made from the catalogue: the `.avsc` files and the reference page. */
const root = fileURLToPath(new URL('../../../../', import.meta.url))
const files = generatedFiles()
const avsc = join(root, 'libs/contracts/avsc')
mkdirSync(avsc, { recursive: true })
const wanted = new Set(files.map(({ path }) => join(root, path)))
for (const name of readdirSync(avsc)) if (!wanted.has(join(avsc, name))) rmSync(join(avsc, name))
for (const { path, text } of files) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}
process.stdout.write(`${files.length} files written\n`)
