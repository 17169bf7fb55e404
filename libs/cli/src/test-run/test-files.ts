import { globSync } from 'node:fs'
import { repositoryRoot } from '../repository.ts'

/** Test files of these layers, by their suffix as in `vitest.config.ts`; with filters, those whose path holds one. */
export function filesOf(
  layers: readonly string[],
  filters: readonly string[],
  root: string = repositoryRoot,
): string[] {
  return layers
    .flatMap((layer) =>
      globSync(patterns(`.${layer}.test.ts`), { cwd: root, exclude: ['**/node_modules/**'] }),
    )
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .toSorted()
}

const patterns = (suffix: string): string[] => [
  `{libs,services}/*/{src,test}/**/*${suffix}`,
  `e2e/**/*${suffix}`,
  `{bench,tools}/**/*${suffix}`,
]
