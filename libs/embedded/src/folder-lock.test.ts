import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { spawnProcess, type TestProcess } from '../test/spawn-process.ts'
import { temporaryFolder } from '../test/temporary-folder.ts'
import { lockFolder } from './folder-lock.ts'

describe('the lock of a data folder', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  const children: TestProcess[] = []
  const start = () => {
    const child = spawnProcess('lock-process.ts', folder.path)
    children.push(child)
    return child
  }
  beforeEach(async () => {
    folder = await temporaryFolder()
  })
  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => child.kill('SIGKILL')))
    await folder.remove()
  })

  it('given a folder that this process holds, a second time is refused, and after the release it is free', async () => {
    const lock = await lockFolder(folder.path)
    await expect(lockFolder(folder.path)).rejects.toMatchObject({
      code: 'folder.in_use',
      class: 'configuration',
      fields: { pid: process.pid },
    })
    lock.release()
    lock.release()
    const again = await lockFolder(folder.path)
    again.release()
  })

  it('given another process, it is named; killed, it leaves nothing that is in the way', async () => {
    const holder = start()
    await holder.line('took it')
    await expect(lockFolder(folder.path)).rejects.toThrow(`in use by process ${holder.pid}, since 20`)
    await holder.kill('SIGKILL')
    const lock = await lockFolder(folder.path)
    lock.release()
  })

  it('given several that start at once on a folder left by a killed one, exactly one gets it', async () => {
    await writeFile(join(folder.path, 'lock.json'), '{"pid":1,"startedAt":"2026-01-01T00:00:00.000Z"}')
    const racing = Array.from({ length: 4 }, start)
    const answers = await Promise.all(
      racing.map((child) => Promise.any([child.line('took it'), child.line('refused')])),
    )
    expect(answers.filter((answer) => answer === 'took it')).toHaveLength(1)
    expect(answers.filter((answer) => answer.startsWith('refused: the data folder'))).toHaveLength(3)
  })

  it('given something that is no folder, the refusal says so', async () => {
    const file = join(folder.path, 'file')
    await writeFile(file, '')
    await expect(lockFolder(file)).rejects.toMatchObject({ code: 'folder.unusable', class: 'configuration' })
  })
})
