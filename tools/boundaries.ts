import { posix } from 'node:path'

/** One workspace project as its package.json describes it. */
export interface Project {
  /** Folder relative to the repository: `libs/core`. */
  root: string
  name: string
  /** The value of its one `type:` tag. */
  type: string
  dependencies: readonly string[]
  devDependencies: readonly string[]
}

/** One TypeScript file: path relative to the repository, and its text. */
export interface SourceFile {
  path: string
  text: string
}

/** Which types of project a type may depend on. A service never depends on another; only tests use the tools. */
const allowedEdges: Record<string, readonly string[]> = {
  foundation: [],
  contracts: ['foundation'],
  domain: ['foundation', 'contracts'],
  port: ['foundation', 'contracts'],
  client: ['foundation', 'contracts'],
  driver: ['foundation', 'contracts', 'port'],
  // Stand for the real drivers on top of one of them: a pool with an embedded Postgres, a log in its tables.
  embedded: ['foundation', 'contracts', 'port', 'driver'],
  policy: ['foundation', 'contracts', 'domain', 'port', 'driver'],
  platform: ['foundation', 'contracts', 'policy', 'platform'],
  service: [
    'foundation',
    'contracts',
    'domain',
    'port',
    'client',
    'driver',
    'embedded',
    'policy',
    'platform',
  ],
  // Composes services with drivers, and does nothing else.
  composition: [
    'foundation',
    'contracts',
    'port',
    'client',
    'driver',
    'embedded',
    'policy',
    'platform',
    'service',
  ],
  tool: [
    'foundation',
    'contracts',
    'domain',
    'port',
    'client',
    'driver',
    'embedded',
    'policy',
    'platform',
    'tool',
  ],
  // Measures parts of services by themselves, beside their peers.
  bench: [
    'foundation',
    'contracts',
    'domain',
    'port',
    'client',
    'driver',
    'embedded',
    'policy',
    'platform',
    'service',
    'tool',
  ],
  test: [
    'foundation',
    'contracts',
    'domain',
    'port',
    'client',
    'driver',
    'embedded',
    'policy',
    'platform',
    'tool',
  ],
}

/** Driver packages and the one library that may import each. */
const driverHomes: ReadonlyArray<readonly [pattern: RegExp, home: string]> = [
  [/^(kafkajs|@kafkajs\/.*)$/, 'libs/kafka'],
  [/^(pg|pg-copy-streams)$/, 'libs/postgres'],
  [/^@aws-sdk\//, 'libs/object-store'],
  [/^@electric-sql\//, 'libs/embedded'],
  [/^openai(\/.*)?$/, 'libs/ai'],
  [/^file-type$/, 'libs/file-types'],
  [/^testcontainers$/, 'libs/testing'],
  [/^commander$/, 'libs/cli'],
]
/** The benchmarks drive the drivers themselves: what else is built on them is what Synap is compared with. */
const peersHome = 'bench/src/'

const environmentReaders = [
  /[/.]config\.ts$/,
  /^libs\/core\/src\/crashpoint\.ts$/,
  /^libs\/(runtime|telemetry|testing|servers|cli)\//,
  /^(e2e|bench|tools)\//,
]

const importPattern =
  /(?:^|[\s;])(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

/** Module specifiers that a TypeScript file imports, exports from or loads. */
export function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  return [...code.matchAll(importPattern)].flatMap((match) => match[1] ?? match[2] ?? [])
}

/** Every breach of the module boundaries, one sentence each; empty when the house is in order. */
export function findBoundaryViolations(projects: readonly Project[], files: readonly SourceFile[]): string[] {
  return [
    ...projects.flatMap((project) => edgeViolations(project, projects)),
    ...fileViolations(projects, files),
  ]
}

/** Dependencies that a project declares and no file of it names: an edge of the graph that is not there. */
export function findUnusedDependencies(projects: readonly Project[], files: readonly SourceFile[]): string[] {
  return projects.flatMap((project) => {
    const own = files.filter((file) => file.path.startsWith(`${project.root}/`))
    const text = own.map((file) => file.text).join('\n')
    return [...project.dependencies, ...project.devDependencies]
      .filter((name) => !text.includes(`'${name}'`) && !text.includes(`'${name}/`))
      .map((name) => `${project.root} declares ${name} and does not use it`)
  })
}

function edgeViolations(project: Project, projects: readonly Project[]): string[] {
  const allowed = allowedEdges[project.type]
  if (allowed === undefined) return [`${project.root} has the unknown tag type:${project.type}`]
  return project.dependencies
    .map((name) => projects.find((other) => other.name === name))
    .filter((other) => other !== undefined)
    .filter((other) => !allowed.includes(other.type))
    .map((other) => `${project.root} (${project.type}) must not depend on ${other.root} (${other.type})`)
}

function fileViolations(projects: readonly Project[], files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const project = projects.find((candidate) => file.path.startsWith(`${candidate.root}/`))
    const found = importsOf(file.text).flatMap((specifier) => importViolation(file.path, specifier, project))
    if (
      /\bprocess\.env\b/.test(file.text) &&
      !isTest(file.path) &&
      !environmentReaders.some((p) => p.test(file.path))
    )
      found.push(`${file.path} reads process.env; only a config file may`)
    return found
  })
}

function importViolation(path: string, specifier: string, project: Project | undefined): string[] {
  if (specifier.startsWith('node:')) return []
  const home = driverHomes.find(([pattern]) => pattern.test(specifier))?.[1]
  if (home !== undefined && !path.startsWith(`${home}/`) && !path.startsWith(peersHome))
    return [`${path} imports ${specifier}; only ${home} may`]
  if (specifier.startsWith('.')) return relativeViolation(path, specifier, project)
  if (project === undefined) return []
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  if (name === project.name || project.dependencies.includes(name)) return []
  if (project.devDependencies.includes(name))
    return isTest(path) ? [] : [`${path} imports ${name}, which only its tests may`]
  return isTest(path) && testTools.includes(name)
    ? []
    : [`${path} imports ${name}, which ${project.root}/package.json does not declare`]
}

const testTools = ['vitest', 'fast-check', '@fast-check/vitest', 'ajv', 'ajv-formats', 'yaml']

function relativeViolation(path: string, specifier: string, project: Project | undefined): string[] {
  const target = posix.normalize(posix.join(posix.dirname(path), specifier))
  const root = project?.root ?? path.split('/', 1)[0]
  return target.startsWith(`${root}/`) ? [] : [`${path} reaches out of its project to ${target}`]
}

function isTest(path: string): boolean {
  return /\.(test|measure)\.ts$/.test(path) || path.includes('/test/') || path.startsWith('e2e/')
}
