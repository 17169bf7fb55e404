import { formatDuration, type Progress } from '@synap/servers'
import pc from 'picocolors'

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const frameMs = 100
/** Milliseconds between two lines about the same wait where lines cannot be drawn over. */
const plainMs = 10_000

export interface DrawnProgress extends Progress {
  /** Takes the last drawing away. */
  end(): void
}

/**
 * Progress on stderr. On a terminal one line turns and counts the seconds of what is waited for; elsewhere finished
 * facts are plain lines, and a wait is told every ten seconds.
 */
export function createProgress(stream: NodeJS.WriteStream = process.stderr): DrawnProgress {
  let parts: readonly string[] = []
  let began = 0
  let timer: NodeJS.Timeout | undefined
  let frame = 0
  const clear = () => {
    if (stream.isTTY) stream.write('\r\u001B[2K')
  }
  const draw = () => {
    const text = `waiting for ${parts.join(', ')} (${formatDuration(Date.now() - began)})`
    if (stream.isTTY) {
      const room = Math.max(20, stream.columns - 3)
      const shown = text.length <= room ? text : `${text.slice(0, room - 1)}…`
      stream.write(`\r\u001B[2K${pc.cyan(frames[frame % frames.length] ?? '')} ${shown}`)
      frame += 1
    } else {
      stream.write(`still ${text}\n`)
    }
  }
  const stop = () => {
    clearInterval(timer)
    timer = undefined
    clear()
  }
  return {
    line: (text) => {
      clear()
      stream.write(`${text}\n`)
      if (timer !== undefined && stream.isTTY) draw()
    },
    waiting: (next) => {
      parts = next
      if (parts.length === 0) return stop()
      if (timer === undefined) {
        began = Date.now()
        timer = setInterval(draw, stream.isTTY ? frameMs : plainMs)
        timer.unref()
      }
      if (stream.isTTY) draw()
    },
    end: stop,
  }
}
