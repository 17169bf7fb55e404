import { appendFile, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createTemporaryFolder } from '../../test/temporary-folder.ts'
import { stackEnvFile } from '../stack-environment.ts'
import { journalFolder, openJournal } from './journal.ts'

const account = { ingestUrl: 'http://127.0.0.1:1', apiKey: 'syn_a' }

describe('the journal of an import', () => {
  it('given what an earlier run wrote, a later one knows it', async () => {
    await using home = await createTemporaryFolder()
    const first = await openJournal(home.path, '/notes', account)
    await first.add('a.md', { sha256: 'aa', id: '1' })
    expect(first.entries.get('a.md')).toEqual({ sha256: 'aa', id: '1' })
    const second = await openJournal(home.path, '/notes', account)
    expect([...second.entries]).toEqual([['a.md', { sha256: 'aa', id: '1' }]])
  })

  it('given a last line cut off by a crash, it is left out, and the next line is not lost with it', async () => {
    await using home = await createTemporaryFolder()
    const first = await openJournal(home.path, '/notes', account)
    await first.add('a.md', { sha256: 'aa', id: '1' })
    await appendFile(first.path, '{"path":"b.md","sha2')
    const second = await openJournal(home.path, '/notes', account)
    expect([...second.entries.keys()]).toEqual(['a.md'])
    await second.add('b.md', { sha256: 'bb', id: '2' })
    const third = await openJournal(home.path, '/notes', account)
    expect([...third.entries.keys()]).toEqual(['a.md', 'b.md'])
  })

  it('given another account, another Synap or another folder, nothing is known', async () => {
    await using home = await createTemporaryFolder()
    const one = await openJournal(home.path, '/notes', account)
    await one.add('a.md', { sha256: 'aa', id: '1' })
    const others = [
      await openJournal(home.path, '/notes', { ...account, apiKey: 'syn_b' }),
      await openJournal(home.path, '/notes', { ...account, ingestUrl: 'http://127.0.0.1:2' }),
      await openJournal(home.path, '/other', account),
    ]
    expect(others.map(({ entries }) => entries.size)).toEqual([0, 0, 0])
  })

  it('given a standalone on another port, it is the same account, and its journal lies within its data', async () => {
    await using home = await createTemporaryFolder()
    const standalone = { dataDir: home.path, logFile: join(home.path, 'standalone.log') }
    const first = await openJournal(home.path, '/notes', { ...account, standalone })
    await first.add('a.md', { sha256: 'aa', id: '1' })
    const moved = { ...account, ingestUrl: 'http://127.0.0.1:2', standalone }
    expect((await openJournal(home.path, '/notes', moved)).entries.size).toBe(1)
    expect(journalFolder({ isLocalStack: false, standalone, env: {} })).toBe(join(home.path, 'imports'))
  })

  it('given an API key, the journal holds nothing of it', async () => {
    await using home = await createTemporaryFolder()
    const journal = await openJournal(home.path, '/notes', account)
    await journal.add('a.md', { sha256: 'aa', id: '1' })
    expect(`${journal.path}${await readFile(journal.path, 'utf8')}`).not.toContain('syn_a')
  })

  it('given the stack of this checkout, it lies beside its data; else in the state folder', () => {
    expect(join(journalFolder({ isLocalStack: true, env: {} }), '..', 'stack.env')).toBe(stackEnvFile)
    expect(journalFolder({ isLocalStack: false, env: { XDG_STATE_HOME: '/state' } })).toBe(
      '/state/synap/imports',
    )
    expect(journalFolder({ isLocalStack: false, env: {} })).toBe(
      join(homedir(), '.local/state/synap/imports'),
    )
  })
})
