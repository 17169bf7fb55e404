import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { contentDisposition } from './file-names.ts'
import { assertKey, safeName } from './keys.ts'
import type { ObjectStore, PresignedRequest } from './object-store.ts'
import { presignSeconds } from './presign-seconds.ts'

/** Presigned requests; made locally, without a call to the server. */
export function createPresigner(
  client: S3Client,
  bucket: string,
): Pick<ObjectStore, 'presignGet' | 'presignPut'> {
  return {
    async presignGet(key, { expiresIn, downloadName, contentType } = {}): Promise<PresignedRequest> {
      assertKey(key)
      const command = new GetObjectCommand({
        Bucket: bucket,
        Key: key,
        // Never shown inline from the store's address, whatever type it claims to have.
        ResponseContentDisposition: contentDisposition(downloadName ?? key, safeName(downloadName ?? key)),
        ...(contentType === undefined ? {} : { ResponseContentType: contentType }),
      })
      return {
        url: await getSignedUrl(client, command, { expiresIn: presignSeconds(expiresIn) }),
        headers: {},
      }
    },
    async presignPut(key, { expiresIn, contentType, size, sha256 }): Promise<PresignedRequest> {
      assertKey(key)
      const digest = Buffer.from(sha256, 'hex').toString('base64')
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        ContentType: contentType,
        ContentLength: size,
        ChecksumSHA256: digest,
        Metadata: { sha256 },
      })
      const headers = {
        'content-type': contentType,
        'content-length': String(size),
        'x-amz-checksum-sha256': digest,
        'x-amz-meta-sha256': sha256,
      }
      const url = await getSignedUrl(client, command, {
        expiresIn: presignSeconds(expiresIn),
        // Signed as headers, so that sending anything else is refused; in the URL nobody would have to send them.
        signableHeaders: new Set(Object.keys(headers)),
        unhoistableHeaders: new Set(['x-amz-checksum-sha256', 'x-amz-meta-sha256']),
      })
      return { url, headers }
    },
  }
}
