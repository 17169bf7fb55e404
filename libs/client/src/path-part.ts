import { SynapError } from '@synap/core'

/**
 * Free text as one part of a path. Throws `client.invalid_name` (data) for what no path can hold: `.` and `..`, which
 * every URL takes for steps, however they are escaped, and lone surrogates.
 */
export function pathPart(text: string): string {
  if (text === '' || text === '.' || text === '..' || !text.isWellFormed()) {
    throw new SynapError(`${JSON.stringify(text)} cannot be a name here`, {
      code: 'client.invalid_name',
      class: 'data',
    })
  }
  return encodeURIComponent(text)
}
