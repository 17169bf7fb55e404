/** A small Java: serial collector, first compiler only, which halves the start and the memory of both Java servers. */
export function java(options: { heapMb: number; archive?: string }): string[] {
  const command = ['/usr/bin/java', `-Xmx${options.heapMb}m`, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
  if (options.archive !== undefined) command.push(`-XX:SharedArchiveFile=${options.archive}`, '-Xshare:auto')
  return command
}
