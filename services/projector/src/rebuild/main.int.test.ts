import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createTestDatabase, programEnvironment, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

describe('the program of a rebuild', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase(['events-writer', 'projector'])
  }, 600_000)
  afterAll(() => database?.close())

  const start = () =>
    spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), JSON.stringify({ action: 'run' })], {
      env: { ...programEnvironment(), DATABASE_URL: database.url },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
  const endOf = async (child: ChildProcess) => {
    const [stderr, [code, signal]] = await Promise.all([
      text(child.stderr as NodeJS.ReadableStream),
      once(child, 'exit'),
    ])
    return { stderr, code, signal }
  }
  const active = () => database.superuserSql('select n from read_meta.read_active')

  it('given a parent that has gone, it breaks off, switches nothing and says nothing to nobody', {
    timeout: 120_000,
  }, async () => {
    const child = start()
    const ended = endOf(child)
    // As when the parent is killed.
    child.disconnect()
    child.stdout?.destroy()
    expect(await ended).toEqual({ stderr: '', code: 1, signal: null })
    expect(await active()).toEqual(['1'])
  })

  it('given a parent that listens to its end, it switches and ends', { timeout: 120_000 }, async () => {
    const child = start()
    const ended = endOf(child)
    child.stdout?.resume()
    expect(await ended).toMatchObject({ code: 0, signal: null })
    expect(await active()).toEqual(['2'])
  })
})
