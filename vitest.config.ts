import { defineConfig } from 'vitest/config'

/** The suffix of a test file says what it costs: nothing, the real servers, or the whole pipeline. */
const project = (name: string, suffix: string, timeout: number, order: number, maxWorkers: number) => ({
  test: {
    name,
    // One layer after the other, the cheap one first.
    sequence: { groupOrder: order },
    maxWorkers,
    include: [
      `{libs,services}/*/{src,test}/**/*${suffix}`,
      `e2e/**/*${suffix}`,
      `{bench,tools}/**/*${suffix}`,
    ],
    exclude: [
      '**/node_modules/**',
      ...(suffix === '.test.ts' ? ['**/*.int.test.ts', '**/*.e2e.test.ts'] : []),
    ],
    testTimeout: timeout,
    hookTimeout: timeout,
    pool: 'forks' as const,
    // Owns the servers that test files share; it starts none before a test asks.
    globalSetup: suffix === '.test.ts' ? [] : ['libs/testing/src/global-setup.ts'],
  },
})

export default defineConfig({
  test: {
    projects: [
      project('unit', '.test.ts', 30_000, 1, 2),
      // Integration tests mostly wait for servers, so more of them than cores run at once.
      project('int', '.int.test.ts', 120_000, 2, 4),
      // One leaves a core idle while it waits.
      project('e2e', '.e2e.test.ts', 180_000, 3, 2),
      // Not tests: what something costs, on demand. `./synap test` leaves them out.
      project('measure', '.measure.ts', 900_000, 4, 1),
    ],
  },
})
