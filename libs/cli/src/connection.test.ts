import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTemporaryFolder, type TemporaryFolder } from '../test/temporary-folder.ts'
import { CommandError } from './command-error.ts'
import { type ConnectionFlags, findConnection } from './connection.ts'

const stackEnv = `# Written by ./synap up.
SYNAP_INGEST_URL=http://127.0.0.1:4100
SYNAP_QUERY_URL=http://127.0.0.1:4101
SYNAP_API_KEY=syn_stack
DATABASE_URL=postgres://stack
`
const elsewhere = { SYNAP_INGEST_URL: 'https://synap.example', SYNAP_QUERY_URL: 'https://synap.example' }

describe('where a command finds Synap', () => {
  let folder: TemporaryFolder
  let file: string
  beforeEach(async () => {
    folder = await createTemporaryFolder()
    await folder.write({ 'stack.env': stackEnv, key: 'syn_file\n' })
    file = join(folder.path, 'stack.env')
  })
  afterEach(() => folder[Symbol.asyncDispose]())

  const find = (flags: ConnectionFlags, env: NodeJS.ProcessEnv) => findConnection(flags, env, file)
  const refusal = (flags: ConnectionFlags, env: NodeJS.ProcessEnv, stackFile = file) => {
    try {
      findConnection(flags, env, stackFile)
    } catch (error) {
      if (error instanceof CommandError) return error
      throw error
    }
    throw new Error('it was not refused')
  }

  it('given nothing else, it takes what up wrote', () => {
    expect(find({}, {})).toMatchObject({
      ingestUrl: 'http://127.0.0.1:4100',
      queryUrl: 'http://127.0.0.1:4101',
      apiKey: 'syn_stack',
      isLocalStack: true,
      keyFrom: file,
    })
    expect(find({}, {}).env['DATABASE_URL']).toBe('postgres://stack')
  })

  it('given the environment, it goes before what up wrote; an empty variable is none', () => {
    expect(find({}, { SYNAP_API_KEY: 'syn_env' })).toMatchObject({ apiKey: 'syn_env', isLocalStack: true })
    expect(find({}, { SYNAP_API_KEY: '', SYNAP_INGEST_URL: '' }).apiKey).toBe('syn_stack')
    expect(find({}, { SYNAP_API_KEY_FILE: join(folder.path, 'key') }).apiKey).toBe('syn_file')
  })

  it('given flags, they go before the environment', () => {
    const flags = { ingestUrl: 'http://flag:1', queryUrl: 'http://flag:2', apiKey: 'syn_flag' }
    expect(find(flags, { ...elsewhere, SYNAP_API_KEY: 'syn_env' })).toMatchObject({
      ...flags,
      isLocalStack: false,
      keyFrom: '--api-key',
    })
  })

  it('given an address elsewhere, neither the key nor the servers of the stack go with it', () => {
    expect(refusal({}, elsewhere).message).toContain('SYNAP_API_KEY not set')
    expect(refusal({ ingestUrl: 'https://synap.example' }, {}).message).toContain(
      'SYNAP_QUERY_URL, SYNAP_API_KEY',
    )
    const found = find({}, { ...elsewhere, SYNAP_API_KEY: 'syn_env' })
    expect(found.env['DATABASE_URL']).toBeUndefined()
    expect(found.isLocalStack).toBe(false)
  })

  it('given nothing at all, it says what is missing and what to do', () => {
    const { message, exitCode } = refusal({}, {}, join(folder.path, 'none.env'))
    expect(message).toContain('SYNAP_INGEST_URL, SYNAP_QUERY_URL, SYNAP_API_KEY not set')
    expect(message).toContain('./synap start or ./synap up')
    expect(exitCode).toBe(78)
  })

  it.each<[string, ConnectionFlags, NodeJS.ProcessEnv, string]>([
    ['an address that is none', { ingestUrl: 'localhost:4100' }, elsewhere, 'SYNAP_INGEST_URL is no address'],
    ['a key with a line break', { apiKey: 'syn_a\nb' }, {}, 'The API key from --api-key'],
    ['a key file that is not there', {}, { SYNAP_API_KEY_FILE: '/nowhere/key' }, '/nowhere/key'],
  ])('given %s, it is refused as a matter of configuration', (_what, flags, env, message) => {
    const key = _what.startsWith('an address') ? { apiKey: 'syn_a' } : {}
    const refused = refusal({ ...key, ...flags }, env)
    expect(refused.message).toContain(message)
    expect(refused.message).not.toContain('syn_a')
    expect(refused.exitCode).toBe(78)
  })
})
