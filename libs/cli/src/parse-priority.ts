import type { TaskPriority } from '@synap/contracts'
import { InvalidArgumentError } from 'commander'

/** The names of the priorities of a task, in their order from 0. */
export const priorityNames = ['none', 'low', 'medium', 'high'] as const

/** `high` or `3`. Throws commander's error for anything else. */
export function parsePriority(text: string): TaskPriority {
  const wanted = text.trim().toLowerCase()
  const priority = priorityNames.findIndex((name, place) => wanted === name || wanted === String(place))
  if (priority >= 0) return priority as TaskPriority
  throw new InvalidArgumentError('It is none, low, medium or high, or 0 to 3.')
}
