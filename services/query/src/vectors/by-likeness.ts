/** Steps that likenesses from 1 to -1 are counted in. */
const steps = 2_048
const counts = new Uint32Array(steps)

/** A likeness that at least so many of these come up to, and few more; or all. */
export function edgeOf(likenesses: Float32Array, least: number): number {
  counts.fill(0)
  for (let at = 0; at < likenesses.length; at += 1) {
    const step = ((1 - (likenesses[at] as number)) * (steps / 2)) | 0
    // What is off by chance may be more or less than any likeness.
    const counted = step < 0 ? 0 : step >= steps ? steps - 1 : step
    counts[counted] = (counts[counted] as number) + 1
  }
  let [step, sum] = [0, counts[0] as number]
  while (step < steps - 1 && sum < least) {
    step += 1
    sum += counts[step] as number
  }
  return step === steps - 1 ? -Infinity : 1 - (step + 1) / (steps / 2)
}

let scratch = new Uint32Array(2_048)

/** Those of some vectors whose likeness is `from` at least and less than `below`. */
export function withLikeness(
  of: Uint32Array,
  likenesses: Float32Array,
  { from, below }: { from: number; below: number },
): Uint32Array {
  if (scratch.length < of.length) scratch = new Uint32Array(of.length * 2)
  let count = 0
  for (let at = 0; at < of.length; at += 1) {
    const likeness = likenesses[at] as number
    scratch[count] = of[at] as number
    if (likeness >= from && likeness < below) count += 1
  }
  return scratch.slice(0, count)
}
