import { SynapError } from '@synap/core'
import { type Client, query } from '@synap/postgres'

/** The shapes of read models that this build can read. */
const knownShapes: readonly number[] = [1]

/** Name of the schema that is read right now, such as `read_v1`; asked anew in each transaction. */
export async function findActiveSchema(client: Client): Promise<string> {
  const [active] = await query<{ n: number; shape: number }>(client, {
    name: 'read_meta.find_active_schema',
    text: `select n, shape from read_meta.read_active`,
  })
  if (active !== undefined && knownShapes.includes(active.shape)) return `read_v${active.n}`
  throw new SynapError('the active read model has a shape that this build cannot read', {
    code: 'read_model.unknown_shape',
    class: 'configuration',
    fields: { shape: active?.shape ?? null },
  })
}
