import { parseArgs } from 'node:util'
import type { Benchmark, NumberOption, Options } from './benchmark.ts'

export interface Arguments {
  values: Record<string, number>
  /** Where the results go; undefined = the folder that git does not see. */
  out: string | undefined
  seed: number
  help: boolean
}

/** What a person typed that cannot be understood; the message says what is. */
export class UsageError extends Error {}

const seedOption: NumberOption = { help: 'of the random order of things', unit: 'number', default: 1 }

/** Reads `--name value` as the benchmark declares them. Throws `UsageError`. */
export function readArguments(
  { name, options }: Pick<Benchmark, 'name' | 'options'>,
  args: string[],
): Arguments {
  const text = { type: 'string' } as const
  const declared = Object.fromEntries(Object.keys(options).map((option) => [option, text]))
  try {
    const { values } = parseArgs({
      args,
      options: { ...declared, out: text, seed: text, help: { type: 'boolean', short: 'h', default: false } },
    })
    const given: Readonly<Record<string, string | boolean | undefined>> = values
    return {
      values: readNumbers(options, given),
      out: values.out,
      seed: readNumber('seed', seedOption, values.seed),
      help: values.help,
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${(error as Error).message}\nSee: npm run bench -- ${name} --help`, {
      cause: error,
    })
  }
}

/** The page that `NAME --help` prints. */
export function helpOf({ name, description, options }: Benchmark): string {
  const lines = Object.entries({ ...options, seed: seedOption }).map(
    ([option, { help, unit, default: usual }]) => `  --${option.padEnd(22)} ${help} (${unit}, ${usual})`,
  )
  return [
    `npm run bench -- ${name} [options]`,
    description,
    [
      'Options:',
      ...lines,
      `  --${'out'.padEnd(22)} folder for the results (bench/results, which git ignores)`,
    ].join('\n'),
  ].join('\n\n')
}

function readNumbers(options: Options, given: Readonly<Record<string, string | boolean | undefined>>) {
  return Object.fromEntries(
    Object.entries(options).map(([option, declaration]) => [
      option,
      readNumber(option, declaration, given[option]),
    ]),
  )
}

function readNumber(name: string, option: NumberOption, text: string | boolean | undefined): number {
  if (text === undefined) return option.default
  const value = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN
  const { min = 0, whole = true } = option
  if (Number.isFinite(value) && value >= min && (!whole || Number.isInteger(value))) return value
  throw new UsageError(`--${name} is a ${whole ? 'whole ' : ''}number of ${option.unit}, at least ${min}`)
}
