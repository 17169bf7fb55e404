import { isDeepStrictEqual } from 'node:util'
import type { AggregateState, EntityState, UserState } from '@synap/domain'
import { type ExportManifest, type ExportTag, exportFile, exportParts, filePath } from '../format.ts'
import { createTagCounts } from '../tag-counts.ts'
import type { Findings } from './findings.ts'
import { type Folded, foldEvents } from './fold-events.ts'
import { hashOf } from './hash-of.ts'
import { type Read, readLines } from './read-lines.ts'

/** What the parts say: against the manifest, against each other, and against the fold of the events. */
export async function checkLines(
  manifest: ExportManifest,
  names: ReadonlySet<string>,
  read: Read,
  findings: Findings,
  compare: boolean,
): Promise<void> {
  const folded = await foldEvents(manifest, names, read, findings, compare)
  const expected = compare ? folded : undefined
  await checkStates(exportParts.entities, 'entity', manifest, read, findings, expected)
  await checkStates(exportParts.relations, 'relation', manifest, read, findings, expected)
  if (compare) {
    await checkUser(manifest, read, findings, folded)
    await checkTags(read, findings, folded)
  }
  await checkLineCounts(manifest, read, findings)
  await checkFiles(manifest, names, read, findings, folded)
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const isSame = (one: unknown, other: unknown) => isDeepStrictEqual(plain(one), plain(other))

async function checkStates(
  path: string,
  aggregate: AggregateState['aggregate'],
  manifest: ExportManifest,
  read: Read,
  findings: Findings,
  folded: Folded | undefined,
): Promise<void> {
  const seen = new Set<string>()
  for await (const { line, value } of readLines(path, read(path))) {
    const { id } = value as { id: string }
    if (seen.has(id)) findings.add(`${path}:${line}`, `${id} is there twice`)
    seen.add(id)
    if (folded === undefined) continue
    const state = folded.states.get(id)
    if (state?.aggregate !== aggregate) findings.add(`${path}:${line}`, `no event tells of ${id}`)
    else if (!isSame(state, value)) findings.add(`${path}:${line}`, `is not what the events of ${id} come to`)
  }
  const expected = aggregate === 'entity' ? manifest.counts.entities : manifest.counts.relations
  if (seen.size !== expected) findings.add(path, `has ${seen.size} lines in place of ${expected}`)
  for (const [id, state] of folded?.states ?? []) {
    if (state.aggregate === aggregate && !seen.has(id)) findings.add(path, `${id} is missing`)
  }
}

async function checkUser(
  { userId, incomplete }: ExportManifest,
  read: Read,
  findings: Findings,
  { states }: Folded,
): Promise<void> {
  if (incomplete.some(({ aggregateId }) => aggregateId === userId)) return
  const chunks: Buffer[] = []
  for await (const chunk of read(exportParts.user)) chunks.push(chunk)
  const said: unknown = JSON.parse(Buffer.concat(chunks).toString())
  if (!isSame(states.get(userId) ?? null, said))
    findings.add(exportParts.user, 'is not what the events come to')
}

async function checkTags(read: Read, findings: Findings, { states }: Folded): Promise<void> {
  const user = [...states.values()].find((state): state is UserState => state.aggregate === 'user')
  const counts = createTagCounts(user)
  for (const state of states.values()) {
    if (state.aggregate === 'entity') counts.add(state satisfies EntityState)
  }
  const said: ExportTag[] = []
  for await (const { value } of readLines(exportParts.tags, read(exportParts.tags)))
    said.push(value as ExportTag)
  if (!isSame(counts.all(), said)) findings.add(exportParts.tags, 'is not what the tags of the items come to')
}

async function checkLineCounts(manifest: ExportManifest, read: Read, findings: Findings): Promise<void> {
  const told: Readonly<Record<string, number>> = {
    [exportParts.events]: manifest.counts.events,
    [exportParts.tags]: manifest.counts.tags,
    [exportParts.files]: manifest.counts.files,
  }
  for (const { path, lines } of manifest.parts) {
    if (lines === null) continue
    let found = 0
    for await (const _ of readLines(path, read(path))) found += 1
    const expected = told[path] ?? lines
    if (found !== lines || found !== expected)
      findings.add(path, `has ${found} lines in place of ${expected}`)
  }
}

async function checkFiles(
  manifest: ExportManifest,
  names: ReadonlySet<string>,
  read: Read,
  findings: Findings,
  folded: Folded,
): Promise<void> {
  const problems = new Map(manifest.fileProblems.map(({ path, reason }) => [path, reason]))
  const listed = new Set<string>()
  let bytes = 0
  for await (const { line, value } of readLines(exportParts.files, read(exportParts.files))) {
    const where = `${exportParts.files}:${line}`
    const parsed = exportFile.safeParse(value)
    if (!parsed.success) {
      findings.add(where, 'does not describe a file')
      continue
    }
    const { path, sha256, size } = parsed.data
    listed.add(path)
    const problem = problems.get(path)
    if (problem !== undefined) {
      if (problem !== 'damaged' && names.has(path)) findings.add(path, `is there, and said to be ${problem}`)
      continue
    }
    if (!names.has(path)) {
      findings.add(path, 'is missing')
      continue
    }
    const found = await hashOf(read(path), findings, path)
    bytes += found.size
    if (found.sha256 !== sha256 || found.size !== size)
      findings.add(path, 'is not the file that was captured (SHA-256)')
  }
  if (bytes !== manifest.counts.fileBytes)
    findings.add('content/', `has ${bytes} bytes in place of ${manifest.counts.fileBytes}`)
  for (const path of names) {
    if (path.startsWith('content/') && !listed.has(path)) findings.add(path, 'is not in files.ndjson')
  }
  for (const key of folded.keys) {
    const path = filePath(manifest.userId, key)
    if (!listed.has(path)) findings.add(exportParts.files, `${path} is missing, and an event tells of it`)
  }
}
