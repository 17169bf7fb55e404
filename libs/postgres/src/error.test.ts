import { describeError, SynapError } from '@synap/core'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { isConnectionLost, isSerializationFailure, mapPostgresError } from './error.ts'

const fromServer = (code: string, fields: Partial<pg.DatabaseError> = {}) =>
  mapPostgresError(
    Object.assign(new pg.DatabaseError('secret content', 1, 'error'), { code, ...fields }),
  ) as SynapError

describe('errors of the database', () => {
  const table: [state: string, errorClass: string, code: string][] = [
    ['08006', 'dependency', 'postgres.unavailable'],
    ['57P01', 'dependency', 'postgres.unavailable'],
    ['57P03', 'dependency', 'postgres.unavailable'],
    ['53300', 'dependency', 'postgres.out_of_resources'],
    ['53100', 'dependency', 'postgres.out_of_resources'],
    ['25006', 'dependency', 'postgres.read_only'],
    ['57014', 'dependency', 'postgres.timeout'],
    ['55P03', 'dependency', 'postgres.lock_timeout'],
    ['40001', 'dependency', 'postgres.serialization'],
    ['40P01', 'dependency', 'postgres.serialization'],
    ['28P01', 'configuration', 'postgres.login_refused'],
    ['42P01', 'configuration', 'postgres.unknown_object'],
    ['42703', 'configuration', 'postgres.unknown_object'],
    ['3F000', 'configuration', 'postgres.unknown_object'],
    ['42501', 'configuration', 'postgres.denied'],
    ['3D000', 'configuration', 'postgres.unknown_database'],
    ['22P05', 'data', 'postgres.invalid_value'],
    ['23505', 'data', 'postgres.unique'],
    ['23503', 'data', 'postgres.foreign_key'],
    ['54000', 'data', 'postgres.too_large'],
    ['42601', 'bug', 'postgres.error'],
    ['P0001', 'bug', 'postgres.error'],
  ]
  for (const [state, errorClass, code] of table) {
    it(`given ${state}, it is ${code}, class ${errorClass}`, () => {
      expect(fromServer(state)).toMatchObject({ class: errorClass, code, fields: { sqlstate: state } })
    })
  }

  it('given a refused value, neither message nor causes nor fields hold it', () => {
    const error = fromServer('23505', {
      detail: 'Key (title)=(secret content)',
      constraint: 'tags_name_key',
      table: 'tags',
    })
    expect(describeError(error) + JSON.stringify(error.fields)).not.toContain('secret')
    expect(error.fields).toMatchObject({ constraint: 'tags_name_key', table: 'tags' })
  })

  it('given errors of the socket or the driver, the connection is lost and it is a dependency', () => {
    const socket = ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND'].map((code) =>
      Object.assign(new Error('x'), { code }),
    )
    const driver = [
      'Connection terminated unexpectedly',
      'Connection terminated due to connection timeout',
      'timeout exceeded when trying to connect',
      'Client has encountered a connection error and is not queryable',
      'Query read timeout',
    ].map((message) => new Error(message))
    const noSocketFile = Object.assign(new Error('connect ENOENT'), { code: 'ENOENT', syscall: 'connect' })
    for (const error of [...socket, ...driver, noSocketFile]) {
      const mapped = mapPostgresError(error)
      expect([error.message, mapped]).toMatchObject([
        error.message,
        { class: 'dependency', fields: { sqlstate: null } },
      ])
      expect(isConnectionLost(mapped)).toBe(true)
    }
  })

  it("given an error that is not the driver's, it stays what it is", () => {
    const bug = new TypeError('x is not a function')
    expect(mapPostgresError(bug)).toBe(bug)
    const known = new SynapError('x', { code: 'object.unavailable', class: 'dependency' })
    expect(mapPostgresError(known)).toBe(known)
    expect(isConnectionLost(known)).toBe(false)
    expect(isSerializationFailure(known)).toBe(false)
  })
})
