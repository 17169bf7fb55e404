import { join } from 'node:path'

/** The folder of this checkout (or of the image): three levels above this file. */
export const repositoryRoot = join(import.meta.dirname, '..', '..', '..')
