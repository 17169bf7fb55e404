import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import registryClient from '@kafkajs/confluent-schema-registry'
import { backoffMs, errorClass, SynapError, wait, withDeadline } from '@synap/core'
import { askRegistry } from './registry-http.ts'

const compatibility = 'FULL_TRANSITIVE'
const attempts = 3

/**
 * Registers a schema under a subject that stays FULL_TRANSITIVE, and answers its id. Registering twice is registering
 * once, so a registry that is away or slow for a moment is asked again. Rejects with `schema.incompatible`,
 * `schema.invalid` (configuration), `registry.unavailable`, `deadline.exceeded` (dependency). `deadlineMs` is that of each
 * request.
 */
export async function registerSchema(
  url: string,
  subject: string,
  text: string,
  deadlineMs = 10_000,
): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await registerOnce(url, subject, text, deadlineMs)
    } catch (error) {
      if (errorClass(error) !== 'dependency' || attempt >= attempts) throw error
      await wait(backoffMs(attempt, { baseMs: 250, capMs: 2_000 }), never)
    }
  }
}

const never = new AbortController().signal

async function registerOnce(url: string, subject: string, text: string, deadlineMs: number): Promise<number> {
  // Before the first register: a subject without a level of its own answers NONE, which the client refuses.
  const path = `/config/${encodeURIComponent(subject)}`
  await askRegistry(url, path, { deadlineMs, put: { compatibility } })
  const agent = url.startsWith('https:') ? new SecureAgent() : new Agent()
  const client = new registryClient.SchemaRegistry({ host: url, retry: { retries: 0 }, agent })
  try {
    const schema = { type: registryClient.SchemaType.AVRO as const, schema: text }
    const { id } = await withDeadline('register schema', deadlineMs, undefined, () =>
      client.register(schema, { subject, compatibility: registryClient.COMPATIBILITY.FULL_TRANSITIVE }),
    )
    return id
  } catch (error) {
    if (error instanceof SynapError) throw error
    throw registrationFailure(error, subject)
  } finally {
    // The client has no deadline: a request that nobody waits for any more would keep the process from ending.
    agent.destroy()
  }
}

function registrationFailure(error: unknown, subject: string): SynapError {
  const status = error instanceof Error ? (error as Error & { status?: number }).status : undefined
  const fields = { subject, ...(status === undefined ? {} : { status }) }
  if (status === 409) {
    const message = `schema ${subject} is not compatible with an earlier version of itself`
    return new SynapError(message, {
      code: 'schema.incompatible',
      class: 'configuration',
      cause: error,
      fields,
    })
  }
  const text = error instanceof Error ? error.message : String(error)
  // Without a status the client itself refused the text. 400 is also what it calls a lost connection (R4).
  const invalid = status === undefined || status === 422
  return new SynapError(`registering ${subject} failed: ${text.slice(0, 500)}`, {
    code: invalid ? 'schema.invalid' : 'registry.unavailable',
    class: invalid ? 'configuration' : 'dependency',
    cause: error,
    fields,
  })
}
