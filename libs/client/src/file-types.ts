import type { AttachmentResponse, ChangeResponse, UploadRequest, UploadView } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import type { ChangeOptions } from './change-types.ts'
import type { CaptureFileOptions, FileSource, TimeZoneOptions } from './types.ts'

export type SendFileOptions = ChangeOptions & Pick<CaptureFileOptions, 'name' | 'deadlineMs' | 'onProgress'>

/** Files besides the content, and files that go past ingest; rejects like `ChangesClient`. */
export interface FilesClient {
  /** New content in Markdown; null takes it away. `undo` brings back what was there. */
  replaceContent(
    id: EntityId,
    content: string | null,
    options?: ChangeOptions & TimeZoneOptions,
  ): Promise<ChangeResponse>
  /** A file as new content, streamed; as `attachFile`. */
  replaceFile(
    id: EntityId,
    source: FileSource,
    options?: SendFileOptions & TimeZoneOptions,
  ): Promise<ChangeResponse>
  /** Attaches a file, streamed. What reading it fails with comes out as it is; a stream is sent once. */
  attachFile(id: EntityId, source: FileSource, options?: SendFileOptions): Promise<AttachmentResponse>
  /** Takes an attachment off; `undo` puts it back. */
  removeAttachment(id: EntityId, key: string, options?: ChangeOptions): Promise<ChangeResponse>
  /** Announces a file; `put` of the answer is the request that puts its bytes into the store, to be sent exactly so. */
  openUpload(request: UploadRequest, options?: ChangeOptions & TimeZoneOptions): Promise<UploadView>
  /** With a fresh request for its bytes while it is pending. */
  getUpload(id: string, options?: ChangeOptions): Promise<UploadView>
  /** The bytes are there: they are checked, and the item is captured or changed. Repeatable as it is. */
  completeUpload(id: string, options?: ChangeOptions): Promise<ChangeResponse>
}
