/** Every code of a refusal, stable for clients. `docs/reference/commands.md` says what each means. */
export const refusalCodes = [
  'entity.exists',
  'entity.not_found',
  'entity.deleted',
  'entity.not_deleted',
  'entity.empty',
  'entity.not_of_type',
  'entity.change_refused',
  'entity.too_many_tags',
  'entity.tag_not_found',
  'entity.too_many_attachments',
  'entity.attachment_exists',
  'entity.attachment_not_found',
  'entity.metadata_invalid',
  'relation.exists',
  'relation.not_found',
  'relation.end_not_found',
  'relation.to_itself',
  'tag.not_found',
  'tag.name_taken',
  'tag.into_itself',
  'suggestion.not_found',
  'suggestion.ambiguous',
  'suggestion.not_settable',
  'analysis.mismatch',
  'analysis.nothing_to_read',
  'user.erased',
  'undo.event_not_found',
  'undo.not_undoable',
  'undo.conflict',
] as const
export type RefusalCode = (typeof refusalCodes)[number]

export interface Refused {
  readonly outcome: 'refused'
  readonly code: RefusalCode
  /** For a person. */
  readonly message: string
}

export function refuse(code: RefusalCode, message: string): Refused {
  return { outcome: 'refused', code, message }
}
