import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { download } from './download.ts'

const body = 'the jar'
const sha256 = createHash('sha256').update(body).digest('hex')
let server: Server
let answers: number[]
let folder: string
let url: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'synap-download-'))
  answers = []
  server = createServer((_, response) => response.writeHead(answers.shift() ?? 200).end(body))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.jar`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

describe('a download', () => {
  it('given a server that fails once, it is tried again and the file is there', async () => {
    answers = [503]
    await download({ url, file: join(folder, 'a.jar'), sha256 })
    expect(readFileSync(join(folder, 'a.jar'), 'utf8')).toBe(body)
  })

  it('given 404, it gives up at once and names the address', async () => {
    answers = [404, 200]
    await expect(download({ url, file: join(folder, 'a.jar'), sha256 })).rejects.toThrow(
      `${url}: the server answered 404`,
    )
    expect(answers).toEqual([200])
  })

  it('given other bytes than expected, nothing is left behind', async () => {
    const wrong = { url, file: join(folder, 'a.jar'), sha256: '0'.repeat(64) }
    await expect(download(wrong, undefined, { baseMs: 1, capMs: 2 })).rejects.toThrow('SHA-256')
    expect(existsSync(wrong.file)).toBe(false)
    expect(readdirSync(folder)).toEqual([])
  })
})
