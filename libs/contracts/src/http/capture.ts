import { z } from 'zod'
import { type KindInputs, kindAppliesTo, kindInputFields, kindNames } from '../kind-tables.ts'
import { cleanText, limits, timeZoneName } from '../text.ts'
import { type EntityType, entityTypes } from '../vocabularies.ts'
import { metadata, tagNameText, titleText, writeResult } from './shared.ts'

const described = {
  type: z.enum(entityTypes),
  title: titleText.optional(),
  tags: z.array(tagNameText).max(limits.tagsPerEntity).optional(),
  ...kindInputFields,
  metadata: metadata.optional(),
  timeZone: timeZoneName.optional().meta({
    description: 'IANA name: dates in the text are meant there. In place of the header `Synap-Time-Zone`.',
  }),
}

/** Markdown in a JSON body. */
export const contentText = cleanText(limits.content).refine(
  (text) => Buffer.byteLength(text) <= limits.content,
  'must not be longer than 1 MiB in UTF-8',
)

/** `POST /v1/entities` as JSON. `content` is Markdown. */
export const captureRequest = z
  .strictObject({
    ...described,
    content: contentText.optional(),
  })
  .superRefine((body, context) => {
    if (body.content === undefined && body.title === undefined) {
      context.addIssue({ code: 'custom', path: ['content'], message: 'content or title is needed' })
    }
    refuseOtherKinds(body, context)
  })
  .meta({ id: 'CaptureRequest' })
export type CaptureRequest = z.infer<typeof captureRequest>

function refuseOtherKinds(body: KindInputs & { readonly type: EntityType }, context: z.RefinementCtx): void {
  for (const name of kindNames.filter(
    (name) => body[name] !== undefined && !kindAppliesTo(name, body.type),
  )) {
    context.addIssue({ code: 'custom', path: [name], message: `is allowed with the type ${name} only` })
  }
}

/** What is said about a file that is captured. Without a title it gets the file's name as one. */
export const captureFileRequest = z
  .strictObject(described)
  .superRefine(refuseOtherKinds)
  .meta({ id: 'CaptureFileRequest' })
export type CaptureFileRequest = z.infer<typeof captureFileRequest>

/** The names of the two parts of a capture as multipart/form-data, in the order in which they must come. */
export const filePart = { entity: 'entity', file: 'file' } as const

/** The member of an item's metadata that keeps the name under which its file was sent. */
export const fileNameKey = 'fileName'

/** `POST /v1/entities` as multipart/form-data. For the documentation: the parts are read as a stream. */
export const captureFileForm = z
  .strictObject({
    entity: captureFileRequest.meta({ description: 'JSON; the first part, at most 65,536 bytes.' }),
    file: z.string().meta({
      contentMediaType: 'application/octet-stream',
      description: 'The bytes; the second and last part. What they are is told from themselves.',
    }),
  })
  .meta({ id: 'CaptureFileForm' })

export const captureResponse = z
  .strictObject({
    ...writeResult,
    status: z.string().meta({ description: 'Path of the status of the item, at query.' }),
  })
  .meta({ id: 'CaptureResponse' })
export type CaptureResponse = z.infer<typeof captureResponse>

/** What a change or a deletion answers with. */
export const changeResponse = z.strictObject(writeResult).meta({ id: 'ChangeResponse' })
export type ChangeResponse = z.infer<typeof changeResponse>
