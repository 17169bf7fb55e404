import { type Check, type Finding, failed, ok } from './check.ts'

export const nodeVersion: Check = {
  name: 'node',
  otherwise: () => 'Install Node.js 24.12 or newer: https://nodejs.org',
  run: async () => judgeNode(process.versions.node),
}

/** The same as in `./synap`, which looks before this can run; another way of starting does not. */
const least = '24.12'

export function judgeNode(version: string): Finding {
  return isAtLeast(version, least)
    ? ok(version)
    : failed(
        `${version}, and ${least} is needed`,
        'Run ./synap, which brings its own, or install a newer Node.js',
      )
}

/** Whether a dotted version is this one or a later one; what is not named counts as 0. */
export function isAtLeast(version: string, least: string): boolean {
  const [have, want] = [version, least].map((text) =>
    text.split('.').map((part) => Number.parseInt(part, 10) || 0),
  )
  for (let place = 0; place < 3; place += 1) {
    const difference = (have?.[place] ?? 0) - (want?.[place] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return true
}
