import { BadArchive } from '../bad-archive.ts'

/** The unpacked bytes of a part. */
export type Read = (path: string) => AsyncIterable<Buffer>

const mostLineBytes = 16 * 1024 * 1024

/** The documents of NDJSON with the numbers of their lines. Throws `BadArchive` for a line that is no JSON. */
export async function* readLines(
  path: string,
  bytes: AsyncIterable<Buffer>,
): AsyncGenerator<{ line: number; value: unknown }, void> {
  let rest: Buffer = Buffer.alloc(0)
  let line = 0
  for await (const chunk of bytes) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      line += 1
      yield { line, value: parseLine(path, line, rest.subarray(0, end)) }
      rest = rest.subarray(end + 1)
    }
    if (rest.length > mostLineBytes) throw new BadArchive(`${path}:${line + 1} is too long a line`)
  }
  if (rest.length > 0) throw new BadArchive(`${path}: its last line does not end`)
}

function parseLine(path: string, line: number, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch (cause) {
    throw new BadArchive(`${path}:${line} is no JSON`, { cause })
  }
}
