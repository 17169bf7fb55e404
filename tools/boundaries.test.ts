import { describe, expect, it } from 'vitest'
import { findBoundaryViolations, findUnusedDependencies, importsOf, type Project } from './boundaries.ts'
import { readProjects, readSources } from './workspace.ts'

const project = (root: string, type: string, dependencies: string[] = []): Project => ({
  root,
  name: `@synap/${root.split('/')[1]}`,
  type,
  dependencies,
  devDependencies: ['@synap/testing'],
})

const house = [
  project('libs/core', 'foundation'),
  project('libs/kafka', 'driver', ['@synap/core', 'kafkajs']),
  project('libs/testing', 'tool'),
  project('services/ingest', 'service', ['@synap/core', '@synap/kafka']),
  project('services/query', 'service', ['@synap/core']),
]

const violationsOf = (path: string, text: string) => findBoundaryViolations(house, [{ path, text }])

describe('module boundaries', () => {
  it('given this repository, nothing crosses them', () => {
    const projects = readProjects()
    const sources = readSources()
    expect(findBoundaryViolations(projects, sources)).toEqual([])
    expect(findUnusedDependencies(projects, sources)).toEqual([])
  })

  it('given a dependency that no file uses, it is named', () => {
    const file = { path: 'services/ingest/src/a.ts', text: "import { a } from '@synap/core'" }
    const ingest = {
      ...project('services/ingest', 'service', ['@synap/core', '@synap/kafka']),
      devDependencies: [],
    }
    expect(findUnusedDependencies([ingest], [file])).toEqual([
      'services/ingest declares @synap/kafka and does not use it',
    ])
  })

  it('given a service that depends on another service, it is named', () => {
    const bad = project('services/enricher', 'service', ['@synap/query'])
    expect(findBoundaryViolations([...house, bad], [])).toEqual([
      'services/enricher (service) must not depend on services/query (service)',
    ])
  })

  it('given the composition root, it may depend on services, and nothing may depend on it', () => {
    const root = project('services/standalone', 'composition', ['@synap/query', '@synap/core'])
    expect(findBoundaryViolations([...house, root], [])).toEqual([])
    const bad = project('services/enricher', 'service', ['@synap/standalone'])
    expect(findBoundaryViolations([...house, root, bad], [])).toHaveLength(1)
  })

  it('given a library that depends on a driver it may not know, it is named', () => {
    const bad = project('libs/domain', 'domain', ['@synap/kafka'])
    expect(findBoundaryViolations([...house, bad], [])).toHaveLength(1)
  })

  it('given a relative import into another project, it is named', () => {
    expect(violationsOf('services/query/src/a.ts', "import { b } from '../../ingest/src/b.ts'")).toEqual([
      'services/query/src/a.ts reaches out of its project to services/ingest/src/b.ts',
    ])
  })

  it('given a driver imported outside its library, it is named', () => {
    expect(violationsOf('services/ingest/src/a.ts', "import { Kafka } from 'kafkajs'")).toEqual([
      'services/ingest/src/a.ts imports kafkajs; only libs/kafka may',
    ])
    expect(violationsOf('libs/kafka/src/a.ts', "import { Kafka } from 'kafkajs'")).toEqual([])
  })

  it('given a benchmark, it may drive a driver and measure a service; nothing may depend on it', () => {
    const bench = { ...project('bench', 'bench', ['@synap/ingest', 'kafkajs']), name: '@synap/bench' }
    const file = { path: 'bench/src/peer.ts', text: "import { Kafka } from 'kafkajs'" }
    expect(findBoundaryViolations([...house, bench], [file])).toEqual([])
    const bad = project('services/enricher', 'service', ['@synap/bench'])
    expect(findBoundaryViolations([...house, bench, bad], [])).toHaveLength(1)
  })

  it('given a project that its package.json does not declare, it is named, also in a type or dynamic import', () => {
    for (const text of [
      "import { a } from '@synap/kafka'",
      "import type { A } from '@synap/kafka'",
      "export * from '@synap/kafka'",
      "const a = await import('@synap/kafka')",
    ])
      expect(violationsOf('services/query/src/a.ts', text)).toHaveLength(1)
  })

  it('given a test helper, tests may import it and the program may not', () => {
    const text = "import { eventually } from '@synap/testing'"
    expect(violationsOf('services/query/src/a.test.ts', text)).toEqual([])
    expect(violationsOf('services/query/src/a.ts', text)).toHaveLength(1)
  })

  it('given the environment read outside a config file, it is named', () => {
    expect(violationsOf('services/query/src/server.ts', 'const port = process.env.PORT')).toHaveLength(1)
    expect(violationsOf('services/query/src/config.ts', 'const port = process.env.PORT')).toEqual([])
  })

  it('given imports of every form, all are found and comments are not', () => {
    const text = [
      "import a from 'a'",
      "import {\n  b,\n} from 'b'",
      "import 'c'",
      "// import d from 'd'",
      "/* import e from 'e' */",
      "export { f } from 'f'",
      "await import('g')",
    ].join('\n')
    expect(importsOf(text)).toEqual(['a', 'b', 'c', 'f', 'g'])
  })
})
