import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { wait } from '@synap/core'
import { type InboundMessage, silentLogger } from '@synap/messaging'
import { createPool, type Pool } from '@synap/postgres'
import { createTcpProxy, createTestDatabase, eventually } from '@synap/testing'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { createEmbeddedDatabase } from '../database/create-database.ts'
import { createLocalLog, type LocalLog } from './local-log.ts'
import { readRecords } from './sql/read-records.ts'

const never = new AbortController().signal
const program = join(import.meta.dirname, '..', '..', 'test', 'publish-until-killed.ts')
const topic = 'killed'
const partitions = 3

/** Runs a publisher and kills it some milliseconds after its first acknowledgement. What it saw acknowledged. */
async function publishUntilKilled(place: string): Promise<string[]> {
  const child = spawn(process.execPath, [program, place, topic], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  const lines: string[] = []
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  await eventually('it publishes', () => lines.length > 0, { deadlineMs: 30_000 })
  await wait(randomInt(0, 120), never)
  child.kill('SIGKILL')
  await ended
  // A line that was cut off was never acknowledged to anybody.
  return lines.filter((line) => line.split(' ').length === 10).flatMap((line) => line.split(' '))
}

async function readAll(pool: Pool): Promise<InboundMessage[][]> {
  const all: InboundMessage[][] = []
  for (let partition = 0; partition < partitions; partition += 1) {
    const messages: InboundMessage[] = []
    for (;;) {
      const limits = { batchRecords: 5_000, batchBytes: 5_000_000 }
      const found = await readRecords(pool, { topic, partition }, BigInt(messages.length), limits, never)
      if (found.length === 0) break
      messages.push(...found)
    }
    all.push(messages)
  }
  return all
}

/** What is wrong with the topic, one line each: holes, records out of order or twice, acknowledged ones that are gone. */
async function faultsOf(pool: Pool, log: LocalLog, acknowledged: readonly string[]): Promise<string[]> {
  const faults: string[] = []
  const stored = await readAll(pool)
  const watermarks = await log.watermarks(topic)
  for (const [partition, messages] of stored.entries()) {
    if (messages.some(({ offset }, index) => offset !== BigInt(index))) faults.push(`hole in ${partition}`)
    if (watermarks.get(partition)?.high !== BigInt(messages.length)) faults.push(`end of ${partition}`)
    const byRun = Map.groupBy(messages, ({ value }) => String(value).split(':')[0])
    for (const [run, own] of byRun) {
      const numbers = own.map(({ value }) => Number(String(value).split(':')[1]))
      const ordered = numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0))
      if (!ordered) faults.push(`order of ${run} in ${partition}`)
    }
  }
  const values = new Set(stored.flat().map(({ value }) => String(value)))
  return [...faults, ...acknowledged.filter((value) => !values.has(value)).map((value) => `lost ${value}`)]
}

describe('a publishing process that is killed', () => {
  it('given SIGKILL at any moment on Postgres, all that was acknowledged is there, without a hole', async () => {
    await using database = await createTestDatabase()
    const pool = createPool({ url: database.url, applicationName: 'durability' })
    const log = await createLocalLog({ pool, logger: silentLogger })
    await log.createTopics([{ name: topic, partitions, config: {} }])
    const acknowledged: string[] = []
    // Until then the server may still be at work on what the process sent last.
    const isBuried = async () => {
      const [count] = await database.superuserSql(
        `select count(*) from pg_stat_activity where datname = current_database() and application_name = 'publish'`,
      )
      return count === '0'
    }
    for (let kill = 0; kill < 12; kill += 1) {
      acknowledged.push(...(await publishUntilKilled(database.url)))
      await eventually('its sessions have ended', isBuried)
      expect(await faultsOf(pool, log, acknowledged)).toEqual([])
    }
    await log.close()
    await pool.end()
  })

  it('given SIGKILL at any moment on the embedded database, the same holds', async () => {
    const folder = await temporaryFolder()
    const open = async () => {
      const onExit = (error: Error) => {
        throw error
      }
      const database = await createEmbeddedDatabase({ dataDir: folder.path, logger: silentLogger, onExit })
      const log = await createLocalLog({ pool: database.pool, logger: silentLogger })
      return { database, log }
    }
    const first = await open()
    await first.log.createTopics([{ name: topic, partitions, config: {} }])
    await first.log.close()
    await first.database.close()
    const acknowledged: string[] = []
    for (let kill = 0; kill < 6; kill += 1) {
      acknowledged.push(...(await publishUntilKilled(folder.path)))
      const { database, log } = await open()
      expect(await faultsOf(database.pool, log, acknowledged)).toEqual([])
      await log.close()
      await database.close()
    }
    await folder.remove()
  }, 120_000)
})

describe('two processes on one log', () => {
  it('given both publish to the same partitions, each keeps its order, and a reader misses nothing', async () => {
    await using database = await createTestDatabase()
    const pools = [1, 2].map(() => createPool({ url: database.url, applicationName: 'durability', max: 2 }))
    const logs: LocalLog[] = []
    for (const pool of pools) logs.push(await createLocalLog({ pool, logger: silentLogger, pollMs: 20 }))
    const [reading] = logs
    if (reading === undefined) throw new Error('no log')
    await reading.createTopics([{ name: topic, partitions: 2, config: {} }])
    const handled: string[][] = [[], []]
    const consumer = reading.consumerDriver.createConsumer({
      groupId: 'reader',
      topics: [topic],
      resumeAt: async (_topic, _partition, at) => at.low,
      handle: async ({ partition, messages }) => {
        handled[partition]?.push(...messages.map(({ value }) => String(value)))
      },
    })
    await consumer.start()
    const publishAll = async (log: LocalLog, name: string) => {
      const publisher = log.publisher()
      for (let call = 0; call < 150; call += 1) {
        const messages = Array.from({ length: 4 }, (_, index) => ({
          key: 'key',
          value: Buffer.from(`${name}${call * 4 + index}`),
          headers: {},
          // Not in the partitions' order: who locks them as they come meets the other in a deadlock.
          partition: (index + (name === 'a' ? 0 : 1)) % 2,
        }))
        await publisher.publish(topic, messages, never)
      }
      await publisher.close()
    }
    await Promise.all(logs.map((log, index) => publishAll(log, index === 0 ? 'a' : 'b')))
    await eventually('all are handled', () => handled.flat().length >= 1_200)
    for (const values of handled) {
      for (const name of ['a', 'b']) {
        const numbers = values
          .filter((value) => value.startsWith(name))
          .map((value) => Number(value.slice(1)))
        expect(numbers).toHaveLength(300)
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
      }
    }
    await consumer.close()
    for (const log of logs) await log.close()
    for (const pool of pools) await pool.end()
  })
})

describe('a database that is away', () => {
  it('given it comes back, nothing was lost, and whoever published or read goes on by itself', async () => {
    await using database = await createTestDatabase()
    const url = new URL(database.url)
    await using proxy = await createTcpProxy(Number(url.port))
    url.port = String(proxy.port)
    const pool = createPool({ url: url.href, applicationName: 'durability', statementTimeoutMs: 1_000 })
    const pausePolicy = { baseMs: 20, capMs: 100 }
    const log = await createLocalLog({ pool, logger: silentLogger, pausePolicy, pollMs: 50 })
    await log.createTopics([{ name: topic, partitions: 1, config: {} }])
    const handled: string[] = []
    const consumer = log.consumerDriver.createConsumer({
      groupId: 'reader',
      topics: [topic],
      resumeAt: async (_topic, _partition, at) => at.low,
      handle: async ({ messages }) => void handled.push(...messages.map(({ value }) => String(value))),
    })
    await consumer.start()
    const publisher = log.publisher()
    const send = (value: string) =>
      publisher.publish(topic, [{ key: 'key', value: Buffer.from(value), headers: {} }], never)
    await send('before')
    await eventually('it arrives', () => handled.length === 1)
    for (const mode of ['cut', 'swallow'] as const) {
      proxy.setMode(mode)
      const sent = Promise.all([send(`${mode} 1`), send(`${mode} 2`)])
      await eventually('the publisher says so', () => publisher.health().attempts > 0)
      await expect(log.ping()).rejects.toMatchObject({ class: 'dependency' })
      proxy.setMode('pass')
      await sent
      expect(publisher.health()).toEqual({ ready: true, reason: null, attempts: 0 })
      await eventually('they arrive', () => handled.includes(`${mode} 2`))
      await eventually('the reader is well', () => consumer.health().ready)
    }
    // What was stored although its answer was lost is there twice; nothing came before what it follows.
    expect([...new Set(handled)]).toEqual(['before', 'cut 1', 'cut 2', 'swallow 1', 'swallow 2'])
    await consumer.close()
    await publisher.close()
    await log.close()
    await pool.end()
  })
})
