import type { Scope } from '@synap/contracts'
import type { FastifyInstance } from 'fastify'
import { accessOf } from './access.ts'
import { fileFormOf } from './file-form.ts'

/** A route that was registered. */
export interface Route {
  method: string
  /** With the names of its parameters: `/v1/entities/:id`. */
  path: string
  /** The scopes a key must have; undefined: anybody may call it. */
  scopes: readonly Scope[] | undefined
  /** Whether it takes a body of JSON, and a form with a file. */
  takesJson: boolean
  takesForm: boolean
}

const tables = new WeakMap<object, Route[]>()

/** Every route of an app that `buildApp` built, `HEAD` left out: what a test goes through, so that none is forgotten. */
export function routesOf(app: object): readonly Route[] {
  const table = tables.get(app)
  if (table === undefined) throw new TypeError('this app was not built by buildApp')
  return table
}

export function noteRoutes(app: FastifyInstance): void {
  const table: Route[] = []
  tables.set(app, table)
  app.addHook('onRoute', ({ method, url, config, schema }) => {
    const access = accessOf(config)
    for (const verb of [method].flat()) {
      if (verb === 'HEAD') continue
      table.push({
        method: verb,
        path: url.replaceAll(/\(([^()]*)\)/g, '').replaceAll('::', ':'),
        scopes: access !== undefined && 'scopes' in access ? access.scopes : undefined,
        takesJson: schema?.body !== undefined,
        takesForm: fileFormOf(config) !== undefined,
      })
    }
  })
}
