import { timeZoneName } from '@synap/contracts'
import { InvalidArgumentError } from 'commander'

/** A time zone by its IANA name, from the command line. */
export function parseTimeZone(text: string): string {
  const parsed = timeZoneName.safeParse(text)
  if (!parsed.success) throw new InvalidArgumentError('It must be an IANA time zone, such as Europe/Berlin.')
  return parsed.data
}
