import { finished } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import { ByteWriter } from './byte-writer.ts'
import { capabilitiesOf } from './capabilities.ts'
import { type CopyType, encoders } from './copy-encode.ts'
import { mapPostgresError } from './error.ts'
import { alone } from './pipeline.ts'
import type { Client } from './pool.ts'

export interface CopyColumn {
  name: string
  type: CopyType
}

const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1')
const chunkBytes = 64 * 1024
const identifier = /^[a-z_][a-z0-9_]*$/

/**
 * Writes rows with `COPY … FROM STDIN (FORMAT binary)`; gives back how many. `table` is `schema.table`; each row has
 * one value per column, in their order (see `CopyType`). A single refused row refuses all: use it where rows are known
 * to be new. Only where `capabilitiesOf(client).copy` holds: PGlite breaks on it.
 *
 * Rejects with a `SynapError`, or a TypeError when a value is not of its column's type.
 */
export async function copyBinary(
  client: Client,
  table: string,
  columns: readonly CopyColumn[],
  rows: Iterable<readonly unknown[]>,
): Promise<number> {
  const names = [...table.split('.'), ...columns.map((column) => column.name)]
  if (!names.every((name) => identifier.test(name)) || !table.includes('.'))
    throw new TypeError('not schema.table')
  if (!capabilitiesOf(client).copy) throw new TypeError('this database has no COPY')
  const chunks = encodeRows(columns, rows)
  const first = chunks.next()
  if (first.done === true) return 0
  const list = columns.map((column) => column.name).join(', ')
  return alone(client, () => copyChunks(client, `copy ${table} (${list})`, first.value, chunks))
}

async function copyChunks(
  client: Client,
  copy: string,
  first: Buffer,
  chunks: Iterator<Buffer, undefined>,
): Promise<number> {
  const stream = client.query(copyFrom(`${copy} from stdin (format binary)`))
  const done = finished(stream)
  done.catch(() => undefined)
  try {
    for (let chunk: Buffer | undefined = first; chunk !== undefined; chunk = chunks.next().value) {
      if (!stream.write(chunk)) await Promise.race([drained(stream), done])
    }
    stream.end()
    await done
    return stream.rowCount
  } catch (error) {
    stream.destroy()
    await done.catch(() => undefined)
    throw mapPostgresError(error)
  }
}

function drained(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once('drain', resolve)
  })
}

/** The file format: signature, flags, header extension, rows, trailer (PostgreSQL manual, COPY, "Binary Format"). */
function* encodeRows(
  columns: readonly CopyColumn[],
  rows: Iterable<readonly unknown[]>,
): Generator<Buffer, undefined> {
  const writer = new ByteWriter()
  const encode = columns.map((column) => encoders[column.type])
  let count = 0
  for (const row of rows) {
    if (row.length !== columns.length) throw new TypeError('a COPY row has as many values as columns')
    if (count === 0) {
      writer.bytes(signature)
      writer.int32(0)
      writer.int32(0)
    }
    count += 1
    writer.int16(columns.length)
    for (let index = 0; index < encode.length; index += 1) {
      const value = row[index]
      if (value === null || value === undefined) {
        writer.int32(-1)
        continue
      }
      const begun = writer.begin()
      encode[index]?.(writer, value)
      writer.end(begun)
    }
    if (writer.length >= chunkBytes) yield writer.take()
  }
  if (count === 0) return
  writer.int16(-1)
  yield writer.take()
}
