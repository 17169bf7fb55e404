/** Shares of what is delivered that was delivered before, in per cent. */
export const shares = [0, 1, 50] as const
export type Share = (typeof shares)[number]

/** What a relay sends again when it died between a send and the mark: the rows of its last batch. */
interface Resend {
  /** Records after which it happens. */
  every: number
  /** Records that come again. */
  records: number
}

const resends: Readonly<Record<Share, Resend | undefined>> = {
  0: undefined,
  // 100 of 10,000 deliveries.
  1: { every: 9_900, records: 100 },
  50: { every: 500, records: 500 },
}

/** Places in the order of delivery: every one of `count` records, and those that come again right behind themselves. */
export function deliveriesOf(count: number, share: Share): number[] {
  const resend = resends[share]
  const places = Array.from({ length: count }, (_, place) => place)
  if (resend === undefined) return places
  const { every, records } = resend
  return places.flatMap((place) => {
    if ((place + 1) % every !== 0) return [place]
    return [place, ...places.slice(place + 1 - records, place + 1)]
  })
}
