/**
 * How good an order is: gain 2^grade − 1 at each place, discounted by log2(place + 1), as a share of the best order there
 * could be, over the first `depth` places (Järvelin, Kekäläinen 2002; the exponential gain of Burges et al. 2005).
 */
export function ndcg(
  found: readonly string[],
  grades: Readonly<Record<string, number>>,
  depth: number,
): number {
  const gainOf = (list: readonly number[]) =>
    list.slice(0, depth).reduce((sum, grade, index) => sum + (2 ** grade - 1) / Math.log2(index + 2), 0)
  const best = gainOf(Object.values(grades).toSorted((a, b) => b - a))
  return best === 0 ? 0 : gainOf(found.map((id) => grades[id] ?? 0)) / best
}
