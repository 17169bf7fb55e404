import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FileType, largestUpload } from '@synap/contracts'
import { integer } from '@synap/runtime'
import { z } from 'zod'

const mebibyte = 1_048_576
const bytes = (mebibytes: number) => integer(1, 1_099_511_627_776).default(mebibytes * mebibyte)

/** How files come in. The kinds are told from the bytes. */
export const uploadConfig = {
  /** Folder for the bytes of uploads under way: on a disk, for in a memory file system they count as memory. */
  uploadDir: z.string().min(1).default(join(tmpdir(), 'synap-uploads')),
  /** Milliseconds one upload may take, its storing included. */
  uploadTimeoutMs: integer(1_000, 86_400_000).default(900_000),
  /** Bytes of all uploads under way of this process that may lie in the folder. */
  uploadSpoolBytes: bytes(4_096),
  maxMarkdownBytes: bytes(16),
  maxTextBytes: bytes(64),
  maxHtmlBytes: bytes(16),
  maxPdfBytes: bytes(128),
  maxImageBytes: bytes(64),
  maxAudioBytes: bytes(512),
  maxVideoBytes: bytes(1_024),
  maxOtherBytes: bytes(128),
  /** Bytes of a file that its owner puts into the store directly; text is held to the limit of its kind all the same. */
  maxDirectUploadBytes: integer(1, largestUpload).default(largestUpload),
}
export type UploadConfig = z.output<z.ZodObject<typeof uploadConfig>>

/** The most bytes a file of each kind may have. */
export type FileLimits = Record<FileType, number>

/** As `fileLimitsOf`, for files that come into the store directly: what is not read as text may be larger. */
export function directLimitsOf(config: UploadConfig): FileLimits {
  const limits = fileLimitsOf(config)
  const most = config.maxDirectUploadBytes
  const read = { markdown: limits.markdown, text: limits.text, html: limits.html }
  return { ...read, pdf: most, image: most, audio: most, video: most, other: most }
}

export function fileLimitsOf(config: UploadConfig): FileLimits {
  return {
    markdown: config.maxMarkdownBytes,
    text: config.maxTextBytes,
    html: config.maxHtmlBytes,
    pdf: config.maxPdfBytes,
    image: config.maxImageBytes,
    audio: config.maxAudioBytes,
    video: config.maxVideoBytes,
    other: config.maxOtherBytes,
  }
}
