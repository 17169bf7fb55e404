import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folderMiB } from './folder-size.ts'
import { growthOf } from './memory-samples.ts'
import { parseCpuTime, sampleProcess } from './sample-process.ts'

/** An hour of samples, one each ten seconds. */
const hour = (rssMiB: (seconds: number) => number) =>
  Array.from({ length: 361 }, (_, turn) => ({ seconds: turn * 10, rssMiB: rssMiB(turn * 10) }))

describe('samples of a process', () => {
  it('given this one, it has memory, and CPU time that does not shrink', async () => {
    const before = await sampleProcess(process.pid)
    expect(before.rssMiB).toBeGreaterThan(20)
    expect(before.rssMiB).toBeLessThan(10_000)
    expect((await sampleProcess(process.pid)).cpuSeconds).toBeGreaterThanOrEqual(before.cpuSeconds)
    await expect(sampleProcess(2 ** 30)).rejects.toThrow('ps')
  })

  it.each([
    ['0:05.25', 5.25],
    ['12:34', 754],
    ['01:02:03', 3_723],
    ['2-01:00:00', 176_400],
  ])('given %s of ps, it is %d seconds', (text, seconds) => {
    expect(parseCpuTime(text)).toBe(seconds)
  })

  it('given a warm-up and a saw-tooth after it, memory has not grown', () => {
    const growth = growthOf(hour((seconds) => Math.min(300, 100 + seconds / 5) + (seconds % 70)))
    expect(Math.abs(growth.grownMiB)).toBeLessThan(3)
    expect(growth.levelMiB).toBeGreaterThan(300)
  })

  it('given a leak under the saw-tooth, it is found at its rate', () => {
    const growth = growthOf(hour((seconds) => 300 + (seconds / 3_600) * 60 + (seconds % 70)))
    expect(growth.mibPerHour).toBeGreaterThan(55)
    expect(growth.mibPerHour).toBeLessThan(65)
    expect(growth.grownMiB).toBeCloseTo(growth.mibPerHour / 2)
  })

  it('given a folder, its size is that of the files in all depths; given none, nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'synap-size-'))
    try {
      mkdirSync(join(folder, 'a', 'b'), { recursive: true })
      writeFileSync(join(folder, 'one'), Buffer.alloc(2 ** 20))
      writeFileSync(join(folder, 'a', 'b', 'two'), Buffer.alloc(2 ** 19))
      expect(await folderMiB(folder)).toBe(1.5)
      expect(await folderMiB(join(folder, 'none'))).toBe(0)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
