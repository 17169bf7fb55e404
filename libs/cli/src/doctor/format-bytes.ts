const units = ['B', 'KB', 'MB', 'GB', 'TB'] as const

/** `850 MB`, `1.5 GB`; a kilobyte is 1,024 bytes. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0]
  while (value >= 1_000 && unit < units.length - 1) [value, unit] = [value / 1_024, unit + 1]
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}
