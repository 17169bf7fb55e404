import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { createTemporaryFolder } from '../../test/temporary-folder.ts'
import { repositoryRoot } from '../repository.ts'
import { wipeData } from './wipe-data.ts'

const lockModule = join(repositoryRoot, 'libs', 'embedded', 'src', 'folder-lock.ts')
const timeout = 60_000
let holder: ChildProcess | undefined

afterEach(() => holder?.kill('SIGKILL'))

/** A process that holds the folder, as a standalone does. */
async function hold(folder: string): Promise<ChildProcess> {
  const program = `
    const { lockFolder } = await import(${JSON.stringify(lockModule)})
    const lock = await lockFolder(${JSON.stringify(folder)})
    setInterval(() => lock, 1_000)
    console.log('held')`
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}

it('given data that a process uses, they stay; once it has ended, they go', { timeout }, async () => {
  await using folder = await createTemporaryFolder()
  const dataDir = join(folder.path, 'data')
  holder = await hold(dataDir)
  await expect(wipeData(dataDir)).rejects.toThrow(`process ${holder.pid}`)
  expect(existsSync(join(dataDir, 'lock'))).toBe(true)

  const ended = once(holder, 'exit')
  holder.kill('SIGKILL')
  await ended
  await wipeData(dataDir)
  expect(existsSync(dataDir)).toBe(false)
})

it('given no data, there is nothing to do, and nothing is made', { timeout }, async () => {
  await using folder = await createTemporaryFolder()
  await wipeData(join(folder.path, 'none'))
  expect(existsSync(join(folder.path, 'none'))).toBe(false)
})
