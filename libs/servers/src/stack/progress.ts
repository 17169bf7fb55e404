/** How the stack tells a person what it does; `libs/cli` draws it. */
export interface Progress {
  /** A finished fact: one line that stays. */
  line(text: string): void
  /** What is being waited for now, with the time since it began; an empty list ends the display. */
  waiting(parts: readonly string[]): void
}

/** Keeps the list of parts that are waited for. */
export function createWaitList(progress: Progress) {
  const parts = new Set<string>()
  const show = () => progress.waiting([...parts])
  return {
    add: (part: string) => {
      parts.add(part)
      show()
    },
    remove: (part: string) => {
      parts.delete(part)
      show()
    },
    clear: () => {
      parts.clear()
      show()
    },
  }
}

export type WaitList = ReturnType<typeof createWaitList>

/** `1.4 s`, `2 min 5 s`. */
export function formatDuration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`
}
