import { existsSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createTemporaryFolder } from '../../test/temporary-folder.ts'
import { findConnection } from '../connection.ts'
import { findStandalone, localProfile, removeProfile, writeProfile } from './profile.ts'
import type { Standalone } from './run-standalone.ts'

const standalone = (pid: number): Standalone => ({
  url: 'http://127.0.0.1:4140',
  apiKey: `syn_${'a'.repeat(43)}`,
  adminUrl: 'http://127.0.0.1:4190',
  dataDir: "/somebody's data",
  logFile: "/somebody's data/standalone.log",
  pid,
  ended: Promise.resolve(),
  stop: () => undefined,
})

describe('the profile of a standalone', () => {
  it('given one that runs, commands find it, and nobody else may read the key', async () => {
    await using folder = await createTemporaryFolder()
    const [file, stack] = [join(folder.path, 'standalone.env'), join(folder.path, 'stack.env')]
    writeProfile(standalone(process.pid), file)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(localProfile(file, stack)).toBe(file)
    expect(findStandalone(file)).toMatchObject({
      process: { pid: process.pid },
      adminUrl: 'http://127.0.0.1:4190',
      dataDir: "/somebody's data",
    })
    expect(findConnection({}, {}, file)).toMatchObject({
      ingestUrl: 'http://127.0.0.1:4140',
      queryUrl: 'http://127.0.0.1:4140',
      apiKey: `syn_${'a'.repeat(43)}`,
    })
  })

  it('given one that was killed, it is not looked for', async () => {
    await using folder = await createTemporaryFolder()
    const [file, stack] = [join(folder.path, 'standalone.env'), join(folder.path, 'stack.env')]
    writeProfile(standalone(2 ** 30), file)
    expect(localProfile(file, stack)).toBe(stack)
  })

  it('given a stack beside it, the one that was started later counts', async () => {
    await using folder = await createTemporaryFolder()
    const [file, stack] = [join(folder.path, 'standalone.env'), join(folder.path, 'stack.env')]
    await folder.write({ 'stack.env': '' })
    writeProfile(standalone(process.pid), file)
    utimesSync(stack, 1_000, 1_000)
    expect(localProfile(file, stack)).toBe(file)
    utimesSync(file, 500, 500)
    expect(localProfile(file, stack)).toBe(stack)
  })

  it('given one that ends while another was started since, the profile of the other stays', async () => {
    await using folder = await createTemporaryFolder()
    const file = join(folder.path, 'standalone.env')
    writeProfile(standalone(process.pid), file)
    removeProfile(2 ** 30, file)
    expect(existsSync(file)).toBe(true)
    removeProfile(process.pid, file)
    expect(existsSync(file)).toBe(false)
  })
})
