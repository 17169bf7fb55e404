/** Any name will do for a gateway of one's own; clients must sign with the same. */
export const s3Region = 'us-east-1'

/** Arguments of versitygw: where it listens, and the folders of objects and of their older versions. */
export function versitygwArguments(listen: string, folder: string, versions: string): string[] {
  const common = ['--region', s3Region, '--quiet', '--keep-alive', '--health', '/health']
  return ['--port', listen, ...common, 'posix', '--versioning-dir', versions, folder]
}
