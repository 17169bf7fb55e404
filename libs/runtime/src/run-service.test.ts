import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'

const fixture = new URL('../test/fixture.ts', import.meta.url).pathname
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

type Line = Record<string, unknown>

/** Starts the fixture; its log lines as they come, and how it ends. */
function start(env: Record<string, string>) {
  const lines: Line[] = []
  const child = spawn(process.execPath, [fixture], {
    env: { PATH: process.env['PATH'] ?? '', DATABASE_URL: 'postgres://u:hunter2@h/d', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) lines.push(JSON.parse(part) as Line)
  })
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', resolve)
  })
  const line = async (sentence: string): Promise<Line> => {
    for (let i = 0; i < 900; i += 1) {
      const found = lines.find((item) => item['msg'] === sentence)
      if (found !== undefined) return found
      await sleep(10)
    }
    throw new Error(`no line "${sentence}" in ${JSON.stringify(lines)}`)
  }
  const probe = async (path: string) => {
    const { adminPort } = await line('started')
    const answer = await fetch(`http://127.0.0.1:${String(adminPort)}${path}`)
    return { status: answer.status, text: await answer.text() }
  }
  return { child, lines, ended, line, probe, sentences: () => lines.map((item) => item['msg']) }
}

describe('a service', () => {
  it('given a wrong environment, one line lists every problem without a value, and it exits 78', async () => {
    const service = start({ DATABASE_URL: 'mysql://hunter2', BATCH_SIZE: '11', ADMIN_PORT: 'x' })
    expect(await service.ended).toBe(78)
    expect(service.lines).toHaveLength(1)
    expect(
      (service.lines.flatMap((line) => line['problems']) as { name: string }[]).map(({ name }) => name),
    ).toEqual(['DATABASE_URL', 'BATCH_SIZE', 'ADMIN_PORT'])
    expect(JSON.stringify(service.lines)).not.toContain('hunter2')
  })

  it('given SIGTERM, the signal aborts first, closers run last-in first-out, and it exits 0', async () => {
    const service = start({})
    await service.line('started')
    service.child.kill('SIGTERM')
    expect(await service.ended).toBe(0)
    expect(service.sentences()).toEqual([
      'opened',
      'started',
      'stopping',
      'closed last opened',
      'closed first opened',
      'stopped',
    ])
    expect(service.lines.find((item) => item['msg'] === 'closed last opened')).toMatchObject({
      aborted: true,
    })
    expect(JSON.stringify(service.lines)).not.toContain('hunter2')
  })

  it('given a part that never closes, a second signal ends it at once', async () => {
    const service = start({ BEHAVE: 'hang' })
    await service.line('started')
    service.child.kill('SIGTERM')
    await service.line('closed last opened')
    service.child.kill('SIGTERM')
    expect(await service.ended).toBe(1)
  })

  it('given a dependency that is away at the start, it stays alive, closes what it had, and starts again', async () => {
    const service = start({ BEHAVE: 'away-twice' })
    expect(await service.line('started')).toBeDefined()
    expect(service.sentences().filter((sentence) => sentence === 'opened')).toHaveLength(3)
    expect(service.sentences().filter((sentence) => sentence === 'closed first opened')).toHaveLength(2)
  })

  it('given a start that a person must repair, it says why and exits 78; a bug exits 1; so does a lost rejection', async () => {
    const [schema, bug, rejection, part] = [
      start({ BEHAVE: 'schema-unknown' }),
      start({ BEHAVE: 'bug' }),
      start({ BEHAVE: 'reject' }),
      start({ BEHAVE: 'fail' }),
    ]
    const codes = await Promise.all([schema.ended, bug.ended, rejection.ended, part.ended])
    expect(codes).toEqual([78, 1, 1, 1])
    expect(await schema.line('the service cannot start')).toMatchObject({
      error: { code: 'migrations.pending' },
    })
    expect(await bug.line('the service cannot start')).toMatchObject({ error: { name: 'TypeError' } })
    expect(await rejection.line('an error that nobody handled')).toMatchObject({ level: 'fatal' })
    expect(part.sentences()).toContain('closed first opened')
  })

  it('given probes, they tell alive from ready and name what fails', async () => {
    const well = start({})
    expect(await well.probe('/livez')).toMatchObject({ status: 200 })
    expect(await well.probe('/readyz')).toMatchObject({ status: 200 })
    expect((await well.probe('/metrics')).status).toBe(200)
    expect((await well.probe('/debug')).status).toBe(404)
    for (const [behave, code] of [
      ['database-down', 'postgres.unavailable'],
      ['database-silent', 'deadline.exceeded'],
    ] as const) {
      const service = start({ BEHAVE: behave })
      const ready = await service.probe('/readyz')
      expect(ready.status).toBe(503)
      expect(JSON.parse(ready.text)).toMatchObject({
        failing: ['database'],
        checks: { database: code, service: 'ok' },
      })
      expect((await service.probe('/livez')).status).toBe(200)
    }
    const stuck = await start({ BEHAVE: 'stuck' }).probe('/livez')
    expect([stuck.status, JSON.parse(stuck.text)]).toMatchObject([503, { failing: ['consumer'] }])
  })
})
