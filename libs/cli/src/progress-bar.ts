import { SingleBar } from 'cli-progress'

/** A bar on stderr while `work` runs, on a terminal only: `████░░░░ 12 of 500 files, 3s`. */
export async function withBar<T>(
  what: string,
  total: number,
  work: (update: (done: number) => void, total: (of: number) => void) => Promise<T>,
): Promise<T> {
  const bar = new SingleBar({
    format: `{bar} {value} of {total} ${what}, {duration_formatted}`,
    stream: process.stderr,
    barsize: 24,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    // Ctrl-C is ours: the command ends by itself, and so does the bar.
    gracefulExit: false,
  })
  bar.start(total, 0)
  try {
    return await work(
      (done) => bar.update(done),
      (of) => bar.setTotal(of),
    )
  } finally {
    bar.stop()
  }
}
