import { describeError, errorClass } from '@synap/core'
import { CommanderError } from 'commander'
import { CommandError } from './command-error.ts'
import { exitCodes } from './exit-codes.ts'
import { buildProgram } from './program.ts'

// A reader that has seen enough (`| head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit()
  throw error
})

try {
  await buildProgram().parseAsync()
} catch (error) {
  process.exitCode = report(error)
}

/** Says what went wrong, and answers the exit code. */
function report(error: unknown): number {
  // Commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  // A mistake of ours shows where it happened; what a person can act on is one message.
  const isOurs = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
  console.error(isOurs ? error : `synap: ${describeError(error)}`)
  if (error instanceof CommandError) return error.exitCode
  if (errorClass(error) === 'dependency') return exitCodes.unavailable
  return errorClass(error) === 'configuration' ? exitCodes.configuration : exitCodes.failed
}
