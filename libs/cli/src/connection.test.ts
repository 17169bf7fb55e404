import { chmod } from 'node:fs/promises'
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

  it('given one address for both APIs, it stands for each that is not named', () => {
    const both = { ingestUrl: 'http://one:1', queryUrl: 'http://one:1' }
    expect(find({ url: 'http://one:1', apiKey: 'syn_flag' }, {})).toMatchObject(both)
    expect(find({}, { SYNAP_URL: 'http://one:1', SYNAP_API_KEY: 'syn_env' })).toMatchObject(both)
    const named = { url: 'http://one:1', queryUrl: 'http://two:2', apiKey: 'syn_flag' }
    expect(find(named, elsewhere)).toMatchObject({ ingestUrl: 'http://one:1', queryUrl: 'http://two:2' })
    expect(find({ url: 'http://one:1', apiKey: 'syn_flag' }, {}).isLocalStack).toBe(false)
  })

  describe('with a profile that a person named', () => {
    const write = async (text: string, mode = 0o600) => {
      await folder.write({ 'other.env': text })
      const profile = join(folder.path, 'other.env')
      await chmod(profile, mode)
      return profile
    }
    const text = "SYNAP_URL='https://profile.example'\nSYNAP_API_KEY='syn_profile'\n"
    const whole = {
      ingestUrl: 'https://profile.example',
      queryUrl: 'https://profile.example',
      apiKey: 'syn_profile',
    }

    it('given by a flag, it goes before the environment and before what up wrote', async () => {
      const profile = await write(text)
      const found = find({ profile }, { ...elsewhere, SYNAP_API_KEY: 'syn_env', SYNAP_PROFILE: '/nowhere' })
      expect(found).toMatchObject({ ...whole, isLocalStack: false, keyFrom: profile })
      expect(found.env['DATABASE_URL']).toBeUndefined()
    })

    it('given by a variable, it goes before what up wrote and behind the other variables', async () => {
      const SYNAP_PROFILE = await write(text)
      expect(find({}, { SYNAP_PROFILE })).toMatchObject(whole)
      expect(find({}, { SYNAP_PROFILE, SYNAP_API_KEY: 'syn_env' })).toMatchObject({
        ...whole,
        apiKey: 'syn_env',
      })
    })

    it('given an address elsewhere beside it, its key does not go there', async () => {
      const profile = await write(text)
      expect(refusal({ profile, url: 'https://synap.example' }, {}).message).toContain(
        'SYNAP_API_KEY not set',
      )
      expect(refusal({}, { ...elsewhere, SYNAP_PROFILE: profile }).message).toContain('SYNAP_API_KEY not set')
    })

    it.each([0o640, 0o604, 0o644])(
      'given one that others can read (%o), it is refused with the remedy',
      async (mode) => {
        const profile = await write(text, mode)
        const { message, exitCode } = refusal({ profile }, {})
        expect(message).toContain(`Run: chmod 600 ${profile}`)
        expect(message).not.toContain('syn_profile')
        expect(exitCode).toBe(78)
      },
    )

    it('given one that is not there, or lacks something, it says so', async () => {
      expect(refusal({ profile: '/nowhere/x.env' }, {})).toMatchObject({ exitCode: 78 })
      const profile = await write("SYNAP_API_KEY='syn_profile'\n")
      const { message } = refusal({ profile }, elsewhere)
      expect(message).toContain('SYNAP_INGEST_URL, SYNAP_QUERY_URL not set')
      expect(message).toContain(profile)
    })
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
