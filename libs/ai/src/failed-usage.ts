import type { Usage } from './provider.ts'

const usages = new WeakMap<Error, Usage>()

/** Keeps what was used before a call failed: an answer in the wrong shape is paid for all the same. */
export function noteUsage(error: unknown, usage: Usage): void {
  if (error instanceof Error && (usage.requests ?? 0) > 0) usages.set(error, usage)
}

/** What a failed call of a model used, as far as the server answered; undefined when it did not. */
export function usageOfFailure(error: unknown): Usage | undefined {
  return error instanceof Error ? usages.get(error) : undefined
}
