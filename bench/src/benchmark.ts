/** One number a benchmark can be told, as `--name value`. */
export interface NumberOption {
  help: string
  /** What the number counts: `minutes`, `files`, `requests/s`. */
  unit: string
  default: number
  /** 0 unless given. */
  min?: number
  /** A whole number is expected unless false. */
  whole?: boolean
}

export type Options = Readonly<Record<string, NumberOption>>
export type OptionValues<O extends Options> = { readonly [Name in keyof O]: number }

/** One line of the result: a median over rounds, or one measured number. */
export interface Row {
  what: string
  value: number
  unit: string
  /** Rounds or samples behind the value; 1 when it was measured once. */
  count: number
  /** Lowest and highest of them, or a 95 % interval, as `spreadIs` of the outcome says. */
  spread?: readonly [low: number, high: number]
  /** What the design asks for, in the same unit. */
  target?: { atMost: number } | { atLeast: number }
}

export interface Outcome {
  /** What the spread of its rows is: `lowest to highest`. */
  spreadIs: string
  rows: readonly Row[]
  /** What must never be, and was: lost work, growing memory. One sentence each; any makes the command fail. */
  failures: readonly string[]
  /** Sentences a reader needs to judge the numbers. */
  notes: readonly string[]
  /** Everything that was sampled, for the JSON file. */
  raw: unknown
}

export interface Bench {
  /** Tells the person who waits what happens. */
  say: (text: string) => void
  /** Aborts on Ctrl-C. */
  signal: AbortSignal
  /** Uniform in [0, 1), the same sequence for the same `--seed`. */
  random: () => number
}

/** A command of the suite: `npm run bench -- NAME`. */
export interface Benchmark {
  name: string
  /** One line for the list. */
  summary: string
  /** What exactly is done and counted, for `--help`. */
  description: string
  options: Options
  run(values: OptionValues<Options>, bench: Bench): Promise<Outcome>
}

/** Ties the names of the options to what `run` is given. */
export function defineBenchmark<const O extends Options>(
  benchmark: Omit<Benchmark, 'options' | 'run'> & {
    options: O
    run(values: OptionValues<O>, bench: Bench): Promise<Outcome>
  },
): Benchmark {
  return { ...benchmark, run: (values, bench) => benchmark.run(values as OptionValues<O>, bench) }
}
