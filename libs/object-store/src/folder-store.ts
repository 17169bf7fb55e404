import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, constants, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { objectError } from './errors.ts'
import { createLinks, type LinkSigning } from './folder-links.ts'
import { assertKey } from './keys.ts'
import type {
  CallOptions,
  GetOptions,
  ListedObject,
  ListOptions,
  ObjectBody,
  ObjectDownload,
  ObjectInfo,
  ObjectStore,
  PutOptions,
} from './object-store.ts'
import { checkedPut } from './put-input.ts'
import { readWhole } from './read-whole.ts'
import { verified } from './verify.ts'

/** The sidecar of an object; `data` names the file with its bytes. */
interface Sidecar extends ObjectInfo {
  data: string
}

// '@' is in no key, so no key's folder or file can meet another's.
const sidecarSuffix = '@object.json'
const dataMark = '@data-'
/** Reads of one object that puts of the same key may take the data away from. */
const mostAttempts = 20

/**
 * An object store in a folder, for standalone: each put writes a new data file, then renames the sidecar that names it
 * into place, so a reader sees the old object or the new one, whole. Survives the death of the process at any point
 * (files are synced before the rename); what a crash leaves behind is a data file that nothing names, which
 * `dropUnfinished` takes away. Presigns when it is told who answers.
 */
export function createFolderStore(folder: string, signing?: LinkSigning): ObjectStore {
  const turns = createTurns()
  const pathOf = (key: string) => {
    assertKey(key)
    return join(folder, ...key.split('/'))
  }
  const head = async (key: string, options?: CallOptions): Promise<Sidecar> => {
    options?.signal?.throwIfAborted()
    return readSidecar(pathOf(key), key)
  }
  const get = async (key: string, options: GetOptions = {}) => download(pathOf(key), key, options)
  const store: ObjectStore = {
    put: async (key, body, options) => putFile(turns, pathOf(key), key, body, options),
    get,
    read: (key, options) => readWhole({ get }, key, options),
    head: async (key, options) => infoOf(await head(key, options)),
    exists: async (key, options) => (await existing(() => head(key, options))) !== undefined,
    delete: async (key, options) => {
      options?.signal?.throwIfAborted()
      const path = pathOf(key)
      await turns(path, async () => {
        const sidecar = await existing(() => readSidecar(path, key))
        await rm(path + sidecarSuffix, { force: true })
        if (sidecar !== undefined) await rm(join(dirname(path), sidecar.data), { force: true })
      })
    },
    list: (prefix, options) => listFolder(folder, prefix, options ?? {}),
    copy: async (from, to, options) => {
      const { info, stream } = await get(from, options)
      const { contentType, metadata, size, sha256 } = info
      const body = { stream, size, sha256: sha256 ?? '' }
      await putFile(turns, pathOf(to), to, body, { contentType, metadata, ...options })
    },
    dropUnfinished: (before, options) => dropUnnamed(turns, folder, before, options ?? {}),
    canPresign: signing !== undefined,
    ...(signing === undefined ? unsigned : createLinks(signing)),
    check: async () => {
      await mkdir(folder, { recursive: true })
      await access(folder, constants.W_OK).catch((error: unknown) => {
        throw objectError('denied', {}, error)
      })
    },
    close: () => Promise.resolve(),
  }
  return store
}

const unsigned: Pick<ObjectStore, 'presignGet' | 'presignPut' | 'links'> = {
  presignGet: () => Promise.reject(objectError('presign_unsupported')),
  presignPut: () => Promise.reject(objectError('presign_unsupported')),
  links: null,
}

/** Runs what replaces an object's sidecar one after the other, or the data of one of two puts would stay behind. */
type Turns = (path: string, work: () => Promise<void>) => Promise<void>

function createTurns(): Turns {
  const last = new Map<string, Promise<void>>()
  return (path, work) => {
    const turn = (last.get(path) ?? Promise.resolve()).then(work)
    const settled = turn.catch(() => undefined)
    last.set(path, settled)
    void settled.then(() => {
      if (last.get(path) === settled) last.delete(path)
    })
    return turn
  }
}

async function putFile(
  turns: Turns,
  path: string,
  key: string,
  body: ObjectBody,
  options: PutOptions,
): Promise<ObjectInfo> {
  const given = checkedPut(key, body, options)
  const name = `${basename(path)}${dataMark}${randomBytes(8).toString('hex')}`
  const data = join(dirname(path), name)
  await mkdir(dirname(path), { recursive: true })
  try {
    const bytes = given.known ? given.body : given.body.stream
    await writeFileSynced(data, bytes instanceof Uint8Array ? [bytes] : bytes, options.signal)
    const { size, sha256 } = given.known ? given : given.body.result()
    const info: ObjectInfo = {
      key,
      size,
      sha256,
      sha256Verified: true,
      contentType: options.contentType,
      metadata: options.metadata ?? {},
      modifiedAt: Date.now(),
    }
    const sidecar = Buffer.from(JSON.stringify({ ...info, data: name } satisfies Sidecar))
    const temporary = `${data}.json`
    await writeFileSynced(temporary, [sidecar])
    await turns(path, async () => {
      const before = await existing(() => readSidecar(path, key))
      await rename(temporary, path + sidecarSuffix)
      if (before !== undefined) await rm(join(dirname(path), before.data), { force: true })
    })
    return info
  } catch (error) {
    await rm(data, { force: true })
    options.signal?.throwIfAborted()
    throw fileError(error, key)
  }
}

async function writeFileSynced(
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted()
  const file = await open(path, 'wx')
  try {
    for await (const chunk of chunks) {
      signal?.throwIfAborted()
      await file.writeFile(chunk)
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

async function download(path: string, key: string, options: GetOptions): Promise<ObjectDownload> {
  options.signal?.throwIfAborted()
  for (let attempt = 1; ; attempt += 1) {
    const sidecar = await readSidecar(path, key)
    try {
      return await openData(join(dirname(path), sidecar.data), infoOf(sidecar), options)
    } catch (error) {
      // A put between the two reads has taken the data away: the sidecar names other data by now.
      if (attempt === mostAttempts || !isMissing(error)) throw fileError(error, key)
    }
  }
}

async function openData(
  path: string,
  info: ObjectInfo,
  { range, signal }: GetOptions,
): Promise<ObjectDownload> {
  const start = range?.start ?? 0
  const end = Math.min(range?.end ?? info.size - 1, info.size - 1)
  if (range !== undefined && (start < 0 || start > end)) throw objectError('bad_range', { key: info.key })
  const file = await open(path, 'r')
  if (info.size === 0) {
    await file.close()
    return { info, length: 0, stream: Readable.from([]) }
  }
  const bytes = createReadStream(path, { fd: file, start, end, ...(signal === undefined ? {} : { signal }) })
  if (range !== undefined) return { info, length: end - start + 1, stream: bytes }
  const whole = { size: info.size, sha256: info.sha256 ?? '' }
  return { info, length: info.size, stream: verified(bytes, info.key, whole) }
}

async function readSidecar(path: string, key: string): Promise<Sidecar> {
  try {
    return JSON.parse(await readFile(path + sidecarSuffix, 'utf8')) as Sidecar
  } catch (error) {
    throw fileError(error, key)
  }
}

async function* listFolder(
  folder: string,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ListedObject> {
  options.signal?.throwIfAborted()
  const files = await readdir(folder, { recursive: true }).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw fileError(error, prefix)
  })
  const keys = files
    .filter((file) => file.endsWith(sidecarSuffix))
    .map((file) => file.slice(0, -sidecarSuffix.length).replaceAll('\\', '/'))
    .filter((key) => key.startsWith(prefix) && (options.after === undefined || key > options.after))
    .sort()
  for (const key of keys) {
    options.signal?.throwIfAborted()
    const sidecar = await existing(() => readSidecar(join(folder, ...key.split('/')), key))
    if (sidecar !== undefined) yield { key, size: sidecar.size, modifiedAt: sidecar.modifiedAt }
  }
}

/** Removes files of puts that never ended: no sidecar names them, and they are old. */
async function dropUnnamed(
  turns: Turns,
  folder: string,
  before: number,
  { signal }: CallOptions,
): Promise<number> {
  let dropped = 0
  const files = await readdir(folder, { recursive: true }).catch(() => [])
  for (const file of files) {
    const [stem = '', rest] = file.split(dataMark, 2)
    if (rest === undefined) continue
    signal?.throwIfAborted()
    const [path, candidate] = [join(folder, stem), join(folder, file)]
    await turns(path, async () => {
      const sidecar = await existing(() => readSidecar(path, ''))
      const age = await stat(candidate).catch(() => undefined)
      if (age === undefined || age.mtimeMs >= before || sidecar?.data === basename(candidate)) return
      await rm(candidate, { force: true })
      dropped += 1
    })
  }
  return dropped
}

function infoOf(sidecar: Sidecar): ObjectInfo {
  const { key, size, contentType, sha256, metadata, modifiedAt } = sidecar
  // The bytes were hashed on their way in.
  return { key, size, contentType, sha256, sha256Verified: true, metadata, modifiedAt }
}

async function existing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'object.not_found') return undefined
    throw error
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

function fileError(error: unknown, key: string): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  const code = String(error.code)
  if (code === 'ENOENT' || code === 'ENOTDIR') return objectError('not_found', { key })
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return objectError('denied', { key, reason: code }, error)
  if (/^E[A-Z]+$/.test(code)) return objectError('unavailable', { key, reason: code }, error)
  return error
}
