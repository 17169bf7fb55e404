import { type FileHandle, open } from 'node:fs/promises'
import { stateVersion } from '@synap/domain'
import { BadArchive } from './bad-archive.ts'
import {
  type ExportManifest,
  exportFormat,
  exportFormatVersion,
  exportManifest,
  exportParts,
} from './format.ts'
import { checkLines } from './verify/check-lines.ts'
import { createFindings, type Finding } from './verify/findings.ts'
import { hashOf } from './verify/hash-of.ts'
import { readEntries, readEntry } from './zip/read-zip.ts'
import type { ZipEntry } from './zip/records.ts'

export type { Finding } from './verify/findings.ts'

export interface Verification {
  /** No finding. What the manifest itself says is missing is no finding: see `manifest`. */
  ok: boolean
  manifest: ExportManifest
  /** The first hundred. */
  findings: Finding[]
  /** How many there are. */
  found: number
  /** Whether the events were folded and compared; not when another version of the fold made the states. */
  folded: boolean
}

export interface VerifyOptions {
  signal?: AbortSignal
  /** Called with the bytes that were read, and those there are. */
  onProgress?: (done: number, of: number) => void
}

const mostJsonBytes = 64 * 1024 * 1024

/**
 * Checks an export by itself, without Synap: every hash and count, that nothing is missing or added, that the events are
 * gapless, and that folding them gives the states in the archive. Needs memory for the states, not for content. Throws
 * `BadArchive` for a file that cannot be read as an export at all.
 */
export async function verifyExport(path: string, options: VerifyOptions = {}): Promise<Verification> {
  const file = await open(path, 'r')
  try {
    const entries = await readEntries(file)
    const manifest = await readManifest(file, entries)
    const findings = createFindings()
    checkNames(manifest, entries, findings)
    const read = createReader(file, entries, options)
    for (const part of manifest.parts) {
      if (!entries.has(part.path)) continue
      const { sha256, size } = await hashOf(read(part.path), findings, part.path)
      if (sha256 !== part.sha256 || size !== part.size)
        findings.add(part.path, 'is not what the manifest says (SHA-256)')
    }
    const folded = manifest.stateVersion === stateVersion
    if (findings.count() === 0) await checkLines(manifest, new Set(entries.keys()), read, findings, folded)
    const found = findings.count()
    return { ok: found === 0, manifest, findings: findings.list(), found, folded: folded && found === 0 }
  } finally {
    await file.close()
  }
}

async function readManifest(
  file: FileHandle,
  entries: ReadonlyMap<string, ZipEntry>,
): Promise<ExportManifest> {
  const entry = entries.get(exportParts.manifest)
  if (entry === undefined) throw new BadArchive('it has no manifest.json')
  if (entry.size > mostJsonBytes) throw new BadArchive('its manifest.json is too large')
  const chunks: Buffer[] = []
  for await (const chunk of readEntry(file, entry)) chunks.push(chunk)
  const said = parseJson(Buffer.concat(chunks).toString())
  const { format, formatVersion } = (said ?? {}) as { format?: unknown; formatVersion?: unknown }
  if (format !== exportFormat) throw new BadArchive('its manifest.json is not that of an export')
  if (formatVersion !== exportFormatVersion)
    throw new BadArchive(
      `its format has version ${String(formatVersion)}; this program knows ${exportFormatVersion}`,
    )
  const parsed = exportManifest.safeParse(said)
  if (!parsed.success) throw new BadArchive('its manifest.json is damaged')
  return parsed.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new BadArchive('its manifest.json is damaged', { cause })
  }
}

type Findings = ReturnType<typeof createFindings>

/** Files are named by `files.ndjson`, everything else by the manifest. */
function checkNames(
  manifest: ExportManifest,
  entries: ReadonlyMap<string, ZipEntry>,
  findings: Findings,
): void {
  const named = new Set(manifest.parts.map(({ path }) => path))
  const { manifest: own, ...needed } = exportParts
  for (const path of Object.values(needed)) {
    if (!named.has(path)) findings.add(path, 'is not in the manifest')
  }
  for (const path of named) {
    if (!entries.has(path)) findings.add(path, 'is missing')
  }
  for (const path of entries.keys()) {
    if (path !== own && !named.has(path) && !path.startsWith('content/'))
      findings.add(path, 'is in the archive, and not in the manifest')
  }
}

function createReader(
  file: FileHandle,
  entries: ReadonlyMap<string, ZipEntry>,
  { signal, onProgress }: VerifyOptions,
) {
  // Each part is read for its hash, and once more for what it says; files once.
  const twice = (path: string, { size }: ZipEntry) => (path.startsWith('content/') ? size : 2 * size)
  const of = [...entries].reduce((sum, [path, entry]) => sum + twice(path, entry), 0)
  let done = 0
  return async function* (path: string): AsyncGenerator<Buffer, void> {
    const entry = entries.get(path)
    if (entry === undefined) throw new BadArchive(`${path} is missing`)
    for await (const chunk of readEntry(file, entry)) {
      signal?.throwIfAborted()
      done += chunk.length
      onProgress?.(done, of)
      yield chunk
    }
  }
}
