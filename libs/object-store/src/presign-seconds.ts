const defaultSeconds = 300
const maxSeconds = 3_600

/** How long a presigned request lives: five minutes unless said otherwise, an hour at most. */
export function presignSeconds(wanted: number | undefined): number {
  return Math.max(1, Math.min(Math.floor(wanted ?? defaultSeconds), maxSeconds))
}
