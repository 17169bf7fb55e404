import pc from 'picocolors'

/**
 * Colours of what goes to stdout: on a terminal only, whatever `CI` says, never under NO_COLOR, always under
 * FORCE_COLOR.
 */
export const paint = pc.createColors(wantsColors(process.env, process.stdout.isTTY))

export function wantsColors(env: NodeJS.ProcessEnv, terminal: boolean | undefined): boolean {
  if (env['NO_COLOR']) return false
  if (env['FORCE_COLOR']) return env['FORCE_COLOR'] !== '0'
  return terminal === true && env['TERM'] !== 'dumb'
}
