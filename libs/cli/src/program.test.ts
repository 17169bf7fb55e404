import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { buildProgram, commandsOf } from './program.ts'

/** What `--help` prints, the added text included. */
function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({ writeOut: (more) => (text += more) })
  command.outputHelp()
  return text
}

describe('the help', () => {
  it.each(commandsOf(buildProgram()))(
    'given %s, it has an example that begins with the command',
    (path, command) => {
      const [, examples = ''] = helpOf(command).split(/^Examples?:$/m)
      expect(examples.split('\n')).toContainEqual(expect.stringContaining(`./synap ${path}`))
    },
  )

  it.each(commandsOf(buildProgram()))(
    'given %s, no line is wider than a small terminal',
    (_path, command) => {
      const wide = helpOf(command)
        .split('\n')
        .filter((line) => line.length > 80)
      expect(wide).toEqual([])
    },
  )

  it('given words that are no command, the nearest is told', async () => {
    let said = ''
    const program = buildProgram()
    for (const each of [program, ...commandsOf(program).map(([, command]) => command)])
      each.configureOutput({ writeErr: (text) => (said += text) })
    await expect(program.parseAsync(['help', 'keys', 'craete'], { from: 'user' })).rejects.toThrow(
      'unknown command',
    )
    expect(said).toContain('(Did you mean keys create?)')
  })
})
