import { type Client, query } from '@synap/postgres'

/** In the text of a statement: the schema of the read model that is read right now. */
const placeholder = '{read}'

/** The text with the schema of the active read model in it, for a statement in the same transaction. */
export async function inActiveReadModel(client: Client, text: string): Promise<string> {
  if (!text.includes(placeholder)) return text
  const [active] = await query<{ n: number }>(client, { text: 'select n from read_meta.read_active' })
  return text.replaceAll(placeholder, `read_v${active?.n ?? 1}`)
}
