import { fileNameKey } from '@synap/contracts'
import type { EntityState } from '@synap/domain'
import { displayName } from '@synap/object-store'
import { ownPartOf } from './entity-view.ts'
import type { Content } from './open-content.ts'
import type { AttachmentRow, EntityRow } from './sql/find-entities.ts'

/** The files of an entity. */
export interface Files {
  main: Content | undefined
  /** By the part of the key that clients know. */
  attached: ReadonlyMap<string, Content>
}

export function filesOfRow(row: EntityRow): Files {
  const { content_key: key, content_sha256: sha256 } = row
  if (key === null || sha256 === null) return { main: undefined, attached: attachedOf(row.attachments) }
  const main = {
    key,
    sha256,
    size: row.content_size ?? 0,
    contentType: row.content_type ?? 'application/octet-stream',
    fileName: fileNameOf(row, key),
  }
  return { main, attached: attachedOf(row.attachments) }
}

export function filesOfState(state: EntityState): Files {
  const attached = attachedOf(state.attachments)
  if (state.content === null) return { main: undefined, attached }
  const { key, sha256, size, contentType } = state.content
  return { main: { key, sha256, size, contentType, fileName: fileNameOf(state, key) }, attached }
}

function attachedOf(attachments: readonly AttachmentRow[]): Map<string, Content> {
  return new Map(
    attachments.map(({ key, sha256, size, contentType, name }) => {
      const own = ownPartOf(key)
      return [own, { key, sha256, size, contentType, fileName: displayName(name) ?? own }]
    }),
  )
}

/** The name the file came with; without one the title, with the extension of the object. */
function fileNameOf(
  { metadata, title }: { metadata: Readonly<Record<string, unknown>>; title: string | null },
  key: string,
): string {
  const given = metadata[fileNameKey]
  const name = typeof given === 'string' ? displayName(given) : null
  const extension = /\.([A-Za-z0-9-]+)$/.exec(key)?.[1] ?? 'bin'
  return name ?? `${displayName(title ?? '') ?? 'content'}.${extension}`
}
