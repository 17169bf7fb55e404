import { exitCodes } from './exit-codes.ts'

/** A failure the person can act on: printed without a stack, and the process exits with `exitCode`. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: number

  constructor(message: string, exitCode: number = exitCodes.failed) {
    super(message)
    this.exitCode = exitCode
  }
}
