/** The value below which a share `q` (0 to 1) of the sample lies, interpolated linearly. NaN for an empty sample. */
export function quantile(sample: readonly number[], q: number): number {
  const sorted = sample.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * q
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
  if (below === undefined || above === undefined) return Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}

export const median = (sample: readonly number[]): number => quantile(sample, 0.5)

/** Lowest and highest. */
export const range = (sample: readonly number[]): readonly [number, number] => [
  sample.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
  sample.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
]

/**
 * Slope of a line through the points: the median of the slopes of all pairs, so that up to 29 % of the points may be
 * anything. Source: P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau" (1968). In y per x; 0
 * for fewer than two points.
 */
export function theilSen(points: readonly (readonly [x: number, y: number])[]): number {
  const slopes = points.flatMap(([x, y], index) =>
    points
      .slice(index + 1)
      .flatMap(([laterX, laterY]) => (laterX === x ? [] : [(laterY - y) / (laterX - x)])),
  )
  return slopes.length === 0 ? 0 : median(slopes)
}

export interface Ratio {
  median: number
  /** 95 % interval of the median. */
  interval: readonly [low: number, high: number]
}

const resamples = 2_000

/**
 * How many times `a` is `b`, round by round, as both ran side by side: the median of the quotients and its interval by
 * the percentile bootstrap (B. Efron, "Bootstrap methods", 1979). Throws `RangeError` unless both have the same rounds.
 */
export function ratioOf(a: readonly number[], b: readonly number[], random: () => number): Ratio {
  if (a.length !== b.length || a.length === 0) throw new RangeError('a ratio needs the same rounds of both')
  const quotients = a.map((value, round) => value / (b[round] ?? Number.NaN))
  const medians = Array.from({ length: resamples }, () =>
    median(quotients.map(() => quotients[Math.floor(random() * quotients.length)] ?? Number.NaN)),
  )
  return { median: median(quotients), interval: [quantile(medians, 0.025), quantile(medians, 0.975)] }
}
