/** What a command's end says to a program; the same table stands in `docs/reference/cli.md`. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  /** EX_USAGE of sysexits.h is 64; 2 is what shells and most tools answer. */
  usage: 2,
  /** EX_UNAVAILABLE of sysexits.h. */
  unavailable: 69,
  /** EX_CONFIG of sysexits.h. */
  configuration: 78,
  /** 128 and the number of SIGINT. */
  interrupted: 130,
} as const

export const exitCodeTable: ReadonlyArray<readonly [code: number, meaning: string]> = [
  [exitCodes.ok, 'it is done'],
  [exitCodes.failed, 'it failed, or was done in part; the message says what'],
  [exitCodes.usage, 'the command was used wrongly'],
  [exitCodes.unavailable, 'Synap, or something it stands on, does not answer now'],
  [exitCodes.configuration, 'an address, a key or a variable is missing or wrong'],
  [exitCodes.interrupted, 'ended by Ctrl-C'],
]
