import type { FilterOptions } from '@synap/client'
import { entityTypes, taskStatuses } from '@synap/contracts'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { dayAfter, parseDue } from './parse-due.ts'
import { parseMoment } from './parse-moment.ts'

/** What narrows a list and a search alike. */
export interface FilterFlags {
  type?: string[]
  tag?: string[]
  anyTag?: string[]
  status?: string[]
  due?: Days
  dueAfter?: string
  dueBefore?: string
  createdAfter?: string
  createdBefore?: string
  updatedAfter?: string
  updatedBefore?: string
}

/** Adds the flags of a filter. Those for a name or a type may be given several times. */
export function withFilter(command: Command): Command {
  const moments = [
    ['created', 'captured'],
    ['updated', 'last changed'],
  ] as const
  command
    .addOption(oneOf('-t, --type <type>', 'only items of this type, or one of these', entityTypes))
    .option('--tag <name>', 'only items with this tag; given again, with all of them', several)
    .option('--any-tag <name>', 'only items with one of these tags', several)
    .addOption(oneOf('--status <status>', 'only tasks in this status, or one of these', taskStatuses))
    .option('--due <when>', 'only what is due today, within a week, overdue, or by a day', parseDays)
    .option('--due-after <day>', 'only what is due after this day', parseDay)
    .option('--due-before <day>', 'only what is due before this day', parseDay)
  for (const [name, words] of moments) {
    command
      .option(
        `--${name}-after <when>`,
        `only what was ${words} since: 3d, yesterday, 2026-11-21`,
        parseMoment,
      )
      .option(`--${name}-before <when>`, `only what was ${words} before`, parseMoment)
  }
  return command
}

/** The filter that the flags say, as the API takes it. */
export function filterOf(flags: FilterFlags): FilterOptions {
  const { type, tag, anyTag, status, due, ...days } = flags
  const { dueAfter, dueBefore, createdAfter, createdBefore, updatedAfter, updatedBefore } = days
  return {
    ...(type && { type }),
    ...(tag && { tag }),
    ...(anyTag && { anyTag }),
    ...(status && { status }),
    ...due,
    ...(dueAfter && { dueAfter }),
    ...(dueBefore && { dueBefore }),
    ...(createdAfter && { createdAfter }),
    ...(createdBefore && { createdBefore }),
    ...(updatedAfter && { updatedAfter }),
    ...(updatedBefore && { updatedBefore }),
  }
}

export const isFiltered = (flags: FilterFlags): boolean => Object.keys(filterOf(flags)).length > 0

export const several = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value]

/** A flag that may be given several times; commander's `choices` keeps the last value alone. */
export function oneOf(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, `${description} (${choices.join(', ')})`).argParser(
    (value: string, before: string[] | undefined) => {
      if (choices.includes(value)) return several(value, before)
      throw new InvalidArgumentError(`It is one of ${choices.join(', ')}.`)
    },
  )
}

/** Days between which, both left out, something is due. */
export type Days = Pick<FilterOptions, 'dueBefore' | 'dueAfter'>

export function parseDays(text: string, _before?: unknown, now = Date.now()): Days {
  const today = new Date(now)
  switch (text.toLowerCase()) {
    case 'today':
      return { dueAfter: dayAfter(today, -1), dueBefore: dayAfter(today, 1) }
    case 'week':
      return { dueAfter: dayAfter(today, -1), dueBefore: dayAfter(today, 7) }
    case 'overdue':
      return { dueBefore: dayAfter(today, 0) }
    default:
      return { dueBefore: dayBehind(text, now) }
  }
}

function dayBehind(text: string, now: number): string {
  const due = parseDue(text, undefined, now)
  const [year = 0, month = 1, day = 1] = due.split('-').map(Number)
  if (due.length > 10) throw new InvalidArgumentError('It is today, week, overdue, or a day: 2026-12-01.')
  return dayAfter(new Date(year, month - 1, day), 1)
}

function parseDay(text: string): string {
  const due = parseDue(text)
  if (due.length > 10) throw new InvalidArgumentError('It is a day: today, friday, 2026-12-01.')
  return due
}
