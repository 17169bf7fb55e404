import { readdir, readFile } from 'node:fs/promises'

interface Stat {
  parent: number
  /** CPU seconds: its own threads', and those of the children it has buried. */
  seconds: number
}

/**
 * CPU seconds of a process and everything it has started, the dead included: for a server that forks one process per
 * connection. Linux only, as the servers are.
 */
export async function cpuSecondsOfTree(pid: number): Promise<number> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const stats = new Map<number, Stat>()
  for (const name of names) {
    const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => undefined)
    if (text !== undefined) stats.set(Number(name), parseStat(text))
  }
  return secondsBelow(pid, stats)
}

/** The sum over a process and its descendants. */
export function secondsBelow(pid: number, stats: ReadonlyMap<number, Stat>): number {
  const children = [...stats].filter(([, { parent }]) => parent === pid)
  return children.reduce((sum, [child]) => sum + secondsBelow(child, stats), stats.get(pid)?.seconds ?? 0)
}

/** `/proc/PID/stat`; the name in brackets may hold anything, fields are counted behind it. Ticks are 1/100 s. */
export function parseStat(text: string): Stat {
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [user = 0, system = 0, buriedUser = 0, buriedSystem = 0] = fields.slice(11, 15)
  return { parent: fields[1] ?? 0, seconds: (user + system + buriedUser + buriedSystem) / 100 }
}
