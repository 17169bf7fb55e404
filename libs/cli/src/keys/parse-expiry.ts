import { InvalidArgumentError } from 'commander'

const daysOf = { d: 1, w: 7, y: 365 } as const

/** The most that the API takes. */
const mostDays = 3_650

/** `30d`, `8w`, `1y` or `30` as whole days, 1 to 3,650. */
export function parseExpiry(text: string): number {
  const [, count, unit = 'd'] = /^(\d+)([dwy])?$/.exec(text) ?? []
  const days = Number(count) * daysOf[unit as keyof typeof daysOf]
  if (days >= 1 && days <= mostDays) return days
  throw new InvalidArgumentError('It is a number of days, weeks or years, ten years at most: 30d, 8w, 1y.')
}
