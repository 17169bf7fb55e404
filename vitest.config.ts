import { defineConfig } from 'vitest/config'

/** The suffix of a test file says what it costs: nothing, the real servers, or the whole pipeline. */
const project = (name: string, suffix: string, timeout: number, parallel: boolean) => ({
  test: {
    name,
    include: [`{libs,services}/*/{src,test}/**/*${suffix}`, `e2e/**/*${suffix}`, `tools/**/*${suffix}`],
    exclude: [
      '**/node_modules/**',
      ...(suffix === '.test.ts' ? ['**/*.int.test.ts', '**/*.e2e.test.ts'] : []),
    ],
    testTimeout: timeout,
    hookTimeout: timeout,
    fileParallelism: parallel,
    pool: 'forks' as const,
    // Owns the servers that test files share; it starts none before a test asks.
    globalSetup: suffix === '.test.ts' ? [] : ['libs/testing/src/global-setup.ts'],
  },
})

export default defineConfig({
  test: {
    projects: [
      project('unit', '.test.ts', 10_000, true),
      project('int', '.int.test.ts', 60_000, true),
      project('e2e', '.e2e.test.ts', 180_000, false),
    ],
  },
})
