import { finished } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import { ByteWriter } from './byte-writer.ts'
import { capabilitiesOf } from './capabilities.ts'
import { type CopyType, type Encoder, encoders } from './copy-encode.ts'
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
  const copy = copyOf(client, table, columns)
  const chunks = encodeRows(columns, rows)
  const first = chunks.next()
  if (first.done === true) return 0
  return alone(client, () => copyChunks(client, copy, first.value, chunks))
}

/** A column of rows of one kind, and how to get its value from a row. */
export interface CopyField<Row> extends CopyColumn {
  value: (row: Row) => unknown
}

/**
 * Rows gathered as the bytes of a binary COPY, so that what a row was made of is garbage at once: objects that wait for a
 * COPY are copied by each collection in between, which costs more than to encode them.
 */
export interface CopyRows<Row> {
  /** Bytes so far; 0 = no rows. */
  readonly bytes: number
  /** Throws a TypeError when a value is not of its column's type. */
  add(row: Row): void
  /** Writes them into `table` (`schema.table`), as `copyBinary` does, and begins anew. Nothing may be added meanwhile. */
  write(client: Client, table: string): Promise<number>
}

export function createCopyRows<Row>(fields: readonly CopyField<Row>[]): CopyRows<Row> {
  const writer = new ByteWriter()
  const encode = fields.map(({ type }) => encoders[type])
  const values = fields.map(({ value }) => value)
  return {
    get bytes() {
      return writer.length
    },
    add(row) {
      if (writer.length === 0) writeHead(writer)
      writer.int16(encode.length)
      for (let index = 0; index < encode.length; index += 1)
        writeValue(writer, encode[index], values[index]?.(row))
    },
    async write(client, table) {
      const copy = copyOf(client, table, fields)
      if (writer.length === 0) return 0
      writer.int16(-1)
      return writer.use((all) => alone(client, () => copyChunks(client, copy, all, [].values())))
    },
  }
}

function copyOf(client: Client, table: string, columns: readonly CopyColumn[]): string {
  const names = [...table.split('.'), ...columns.map((column) => column.name)]
  if (!names.every((name) => identifier.test(name)) || !table.includes('.'))
    throw new TypeError('not schema.table')
  if (!capabilitiesOf(client).copy) throw new TypeError('this database has no COPY')
  return `copy ${table} (${columns.map((column) => column.name).join(', ')})`
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
    if (count === 0) writeHead(writer)
    count += 1
    writer.int16(columns.length)
    for (let index = 0; index < encode.length; index += 1) writeValue(writer, encode[index], row[index])
    if (writer.length >= chunkBytes) yield writer.take()
  }
  if (count === 0) return
  writer.int16(-1)
  yield writer.take()
}

function writeHead(writer: ByteWriter): void {
  writer.bytes(signature)
  writer.int32(0)
  writer.int32(0)
}

function writeValue(writer: ByteWriter, encode: Encoder | undefined, value: unknown): void {
  if (value === null || value === undefined) {
    writer.int32(-1)
    return
  }
  const begun = writer.begin()
  encode?.(writer, value)
  writer.end(begun)
}
