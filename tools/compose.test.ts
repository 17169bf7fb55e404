import { accessSync, constants, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { repositoryRoot } from './workspace.ts'

interface ComposeService {
  image?: string
  environment?: Record<string, string>
  command?: string[]
  restart?: string
  healthcheck?: object
  mem_limit?: string
  ports?: string[]
  volumes?: string[]
  build?: { args: { SERVICE: string } }
}

const read = (path: string) => readFileSync(join(repositoryRoot, path), 'utf8')
const document = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, ComposeService>
  volumes: Record<string, unknown>
}
const services = Object.entries(document.services)
const longRunning = services.filter(([, service]) => service.restart !== 'no')

/** The JSON schema of the compose specification, as the linter `dclint` carries it. */
function compileSpecification() {
  const schema = JSON.parse(read('node_modules/dclint/schemas/compose.schema.json')) as Record<
    string,
    unknown
  >
  const { $schema: _, ...rest } = schema
  return new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(rest)
}

describe('docker-compose.yml', () => {
  it('given the compose specification, the file is valid and a broken one is not', () => {
    const validate = compileSpecification()
    validate(document)
    expect(validate.errors ?? []).toEqual([])
    expect(validate({ ...document, services: { kafka: { imaeg: 'x' } } })).toBe(false)
  })

  it('given one machine, at most nine containers keep running', () => {
    expect(longRunning.length).toBeLessThanOrEqual(9)
  })

  it('given any container that keeps running, it has a health check and a memory limit', () => {
    const bare = longRunning.filter(([, service]) => !service.healthcheck || !service.mem_limit)
    expect(bare.map(([name]) => name)).toEqual([])
  })

  it('given any published port, it is bound to 127.0.0.1', () => {
    const open = services
      .flatMap(([, service]) => service.ports ?? [])
      .filter((port) => !port.startsWith('127.0.0.1:'))
    expect(open).toEqual([])
  })

  it('given any data, it lies in a named volume', () => {
    const named = services.flatMap(([, { volumes = [] }]) =>
      volumes.map((volume) => volume.split(':')[0] ?? ''),
    )
    const anonymous = named.filter((name) => !name.startsWith('./deploy/') && !(name in document.volumes))
    expect(anonymous).toEqual([])
  })

  it('given the pools of all parts, Postgres has connections for them', () => {
    const allowed = Number(
      document.services['postgres']?.command?.join(' ').match(/max_connections=(\d+)/)?.[1],
    )
    const registry = Number(document.services['registry']?.environment?.['APICURIO_DATASOURCE_JDBC_MAX_SIZE'])
    const pools = services.filter(([, { environment }]) => environment?.['DATABASE_URL'] !== undefined)
    // Each with a pool of ten, and one connection besides that listens.
    expect(allowed).toBeGreaterThan(registry + pools.length * 11)
  })

  it('given the init script of Postgres, it is executable, or the image would source it with its `set -eu`', () => {
    accessSync(join(repositoryRoot, 'deploy/postgres/init.sh'), constants.X_OK)
    expect(document.services['postgres']?.volumes).toContain(
      './deploy/postgres/init.sh:/docker-entrypoint-initdb.d/100-synap.sh:ro',
    )
  })

  it('given images that are not built here, none floats on latest', () => {
    const floating = services.filter(([, { image, build }]) => !build && !/:.*\d/.test(image ?? ''))
    expect(floating).toEqual([])
  })

  it('given the Dockerfile, it needs nothing beyond the classic builder and ends as another user than root', () => {
    const dockerfile = read('deploy/Dockerfile').replaceAll(/^#.*$/gm, '')
    expect(dockerfile).not.toMatch(/--mount|<<[A-Z]|COPY .*--parents|# syntax=/)
    expect(dockerfile.match(/^USER (.+)$/m)?.[1]).not.toMatch(/^(0|root)$/)
    expect(dockerfile).toMatch(/^ARG BASE_IMAGE=/m)
  })

  it('given npm, which follows development dependencies of the workspace, the Dockerfile deletes them first', () => {
    const steps = read('deploy/Dockerfile').replaceAll(/^#.*$/gm, '')
    const deleted = steps.indexOf('npm pkg delete devDependencies --workspaces --include-workspace-root')
    expect(deleted).toBeGreaterThan(0)
    expect(steps.indexOf('npm ci --omit=dev')).toBeGreaterThan(deleted)
  })
})
