import { parseArgs } from 'node:util'
import { createKeyRequest, userIdSchema } from '@synap/contracts'
import { describeError, SynapError, uuidv7 } from '@synap/core'
import { createPool } from '@synap/postgres'
import { parseEnv } from '@synap/runtime'
import { issueKey } from './api-keys.ts'
import { createKeyConfig, environment } from './config.ts'

const usage = 'create-key.ts --name NAME --scopes read,write[,…] [--user UUID]'

/** Makes a key, for a new user unless one is given, and prints it as one line of JSON: the only time it is told. */
async function main(): Promise<void> {
  const { user, request } = readArguments()
  const { databaseUrl } = parseEnv(createKeyConfig, environment())
  const pool = createPool({ url: databaseUrl, applicationName: 'synap-create-key' })
  try {
    process.stdout.write(`${JSON.stringify(await issueKey(pool, user, request))}\n`)
  } finally {
    await pool.end()
  }
}

function readArguments() {
  const options = { name: { type: 'string' }, scopes: { type: 'string' }, user: { type: 'string' } } as const
  const { values } = parseArgs({ options })
  const scopes = (values.scopes ?? '').split(',').filter((scope) => scope !== '')
  const request = createKeyRequest.safeParse({ name: values.name, scopes })
  const user = userIdSchema.safeParse(values.user ?? uuidv7())
  const problems = [...(request.error?.issues ?? []), ...(user.error?.issues ?? [])]
  if (!request.success || !user.success) {
    const list = problems.map(({ path, message }) => `${path.join('.') || 'user'}: ${message}`).join('; ')
    throw new SynapError(`${list}\nusage: ${usage}`, { code: 'arguments.invalid', class: 'configuration' })
  }
  return { user: user.data, request: request.data }
}

main().catch((error: unknown) => {
  process.stderr.write(`create-key: ${describeError(error)}\n`)
  process.exitCode = 1
})
