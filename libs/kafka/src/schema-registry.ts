import { SynapError, sha256Hex, withDeadline } from '@synap/core'
import type { RegisteredSchema, SchemaRegistry } from '@synap/messaging'
import { registerSchema } from './register-schema.ts'
import { askRegistry } from './registry-http.ts'

export interface SchemaRegistryOptions {
  /** With the path of the Confluent API: `http://host:port/apis/ccompat/v7`. */
  url: string
  /** Milliseconds for one look-up. */
  lookupDeadlineMs?: number
  /** Milliseconds for which an unknown id is not asked for again. */
  unknownForMs?: number
}

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
      const registered: RegisteredSchema[] = []
      for (const { subject, text } of schemas) {
        const id = await registerSchema(url, subject, text)
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
      throw new SynapError(`schema ${subject} is not registered: run ./synap setup`, {
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

/** Consumers compare the registry's text with the fingerprint in each message's headers: it must be ours to the byte. */
function assertKept(found: string | undefined, text: string, subject: string, id: number): void {
  if (found === text) return
  throw new SynapError('the registry gives back another text than was registered', {
    code: 'schema.text_changed',
    class: 'configuration',
    fields: { subject, id },
  })
}
