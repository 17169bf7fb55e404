import { SynapError, sha256Hex } from '@synap/core'
import type { SchemaRegistry } from '@synap/messaging'
import { readSchemaFolder } from './schema-files.ts'
import { schemaFingerprints } from './schema-ids.ts'

/**
 * A schema registry without a server: the ids were given out when the code was written, and the texts come with it. A
 * subject plays no part, a text has one id. Throws `schema.text_changed` (configuration) when the files that came with
 * the code are not those that got the ids.
 */
export function createFixedRegistry(): SchemaRegistry {
  const texts = new Map<number, string>()
  const ids = new Map<string, number>()
  for (const { id, text } of readSchemaFolder()) {
    const fingerprint = sha256Hex(text)
    if (schemaFingerprints[id - 1] !== fingerprint) throw changed(id)
    texts.set(id, text)
    ids.set(fingerprint, id)
  }
  const find = (subject: string, text: string) => {
    const fingerprint = sha256Hex(text)
    const id = ids.get(fingerprint)
    if (id === undefined) throw unregistered(subject)
    return { subject, id, fingerprint }
  }
  return {
    register: async (schemas) => schemas.map(({ subject, text }) => find(subject, text)),
    schemaById: async (id, signal) => {
      signal?.throwIfAborted()
      return texts.get(id)
    },
    idOf: async ({ subject, text }) => find(subject, text).id,
    ping: async () => undefined,
  }
}

function changed(id: number): SynapError {
  return new SynapError('a schema that came with the code is not the one that got its id', {
    code: 'schema.text_changed',
    class: 'configuration',
    fields: { id },
  })
}

function unregistered(subject: string): SynapError {
  return new SynapError(`schema ${subject} has no id: give it one (generate-schema-ids.ts)`, {
    code: 'schema.unregistered',
    class: 'configuration',
    fields: { subject },
  })
}
