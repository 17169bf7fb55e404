import registryClient from '@kafkajs/confluent-schema-registry'
import { SynapError, sha256Hex, withDeadline } from '@synap/core'
import type { RegisteredSchema, SchemaRegistry } from '@synap/messaging'
import { askRegistry } from './registry-http.ts'

export interface SchemaRegistryOptions {
  /** With the path of the Confluent API: `http://host:port/apis/ccompat/v7`. */
  url: string
  /** Milliseconds for one look-up. */
  lookupDeadlineMs?: number
  /** Milliseconds for which an unknown id is not asked for again. */
  unknownForMs?: number
}

const compatibility = 'FULL_TRANSITIVE'
const registerDeadlineMs = 10_000

export function createSchemaRegistry(options: SchemaRegistryOptions): SchemaRegistry {
  const { url, lookupDeadlineMs = 2_000, unknownForMs = 60_000 } = options
  const texts = new Map<number, string>()
  const unknown = new Map<number, number>()
  const asked = new Map<number, Promise<string | undefined>>()

  const lookUp = async (id: number): Promise<string | undefined> => {
    // With `/schema` at the end Apicurio answers with the bytes that were registered; without it, it writes them anew.
    const answer = await askRegistry(url, `/schemas/ids/${id}/schema`, { deadlineMs: lookupDeadlineMs })
    if (!answer.found) {
      unknown.set(id, performance.now())
      return undefined
    }
    texts.set(id, answer.text)
    return answer.text
  }

  const schemaById: SchemaRegistry['schemaById'] = async (id, signal) => {
    signal?.throwIfAborted()
    const known = texts.get(id)
    if (known !== undefined) return known
    const missedAt = unknown.get(id)
    if (missedAt !== undefined && performance.now() - missedAt < unknownForMs) return undefined
    unknown.delete(id)
    const pending = asked.get(id) ?? lookUp(id).finally(() => asked.delete(id))
    asked.set(id, pending)
    // One request serves all who wait; a caller that gives up does not end it for the others.
    return await withDeadline('schema look-up', 2 * lookupDeadlineMs, signal, () => pending)
  }

  return {
    schemaById,
    async register(schemas) {
      const client = new registryClient.SchemaRegistry({ host: url, retry: { retries: 0 } })
      const registered: RegisteredSchema[] = []
      for (const { subject, text } of schemas) {
        // Before the first register: a subject without a level of its own answers NONE, which the client refuses.
        const path = `/config/${encodeURIComponent(subject)}`
        await askRegistry(url, path, { deadlineMs: registerDeadlineMs, put: { compatibility } })
        const id = await registerOne(client, subject, text)
        assertKept(await schemaById(id), text, subject, id)
        registered.push({ subject, id, fingerprint: sha256Hex(text) })
      }
      return registered
    },
    async idOf({ subject, text }) {
      const path = `/subjects/${encodeURIComponent(subject)}/versions`
      const versions = await askRegistry(url, path, { deadlineMs: lookupDeadlineMs })
      // Newest first: what a service writes with is seldom old.
      for (const version of versions.found ? (JSON.parse(versions.text) as number[]).reverse() : []) {
        const found = await askRegistry(url, `${path}/${version}`, { deadlineMs: lookupDeadlineMs })
        if (!found.found) continue
        const { id } = JSON.parse(found.text) as { id: number }
        if ((await schemaById(id)) === text) return id
      }
      throw new SynapError(`schema ${subject} is not registered: run \`synap schemas register\``, {
        code: 'schema.unregistered',
        class: 'configuration',
        fields: { subject },
      })
    },
    async ping() {
      await askRegistry(url, '/schemas/types', { deadlineMs: lookupDeadlineMs })
    },
  }
}

async function registerOne(
  client: registryClient.SchemaRegistry,
  subject: string,
  text: string,
): Promise<number> {
  try {
    const schema = { type: registryClient.SchemaType.AVRO as const, schema: text }
    const { id } = await withDeadline('register schema', registerDeadlineMs, undefined, () =>
      client.register(schema, { subject, compatibility: registryClient.COMPATIBILITY.FULL_TRANSITIVE }),
    )
    return id
  } catch (error) {
    if (error instanceof SynapError) throw error
    throw registrationFailure(error, subject)
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

/** Consumers compare the registry's text with the fingerprint in each message's headers: it must be ours to the byte. */
function assertKept(found: string | undefined, text: string, subject: string, id: number): void {
  if (found === text) return
  throw new SynapError('the registry gives back another text than was registered', {
    code: 'schema.text_changed',
    class: 'configuration',
    fields: { subject, id },
  })
}
