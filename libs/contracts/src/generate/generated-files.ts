import { schemaFiles } from '../avsc.ts'
import { eventsPage } from './events-page.ts'

/** A file that is generated from the catalogue; `path` is relative to the root of the repository. */
export interface GeneratedFile {
  readonly path: string
  readonly text: string
}

/** Everything that `npm run generate` writes and `npm run check:drift` compares. */
export function generatedFiles(): readonly GeneratedFile[] {
  return [
    ...schemaFiles().map(({ fileName, text }) => ({ path: `libs/contracts/avsc/${fileName}`, text })),
    { path: 'docs/reference/events.md', text: eventsPage() },
  ]
}
