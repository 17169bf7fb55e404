import type { SettingsRequest } from '@synap/contracts'
import type { Command } from 'commander'
import { awaitReads, type ChangeFlags, withChange } from '../change.ts'
import { withSynap } from '../connection.ts'
import { printJson, printTable } from '../output.ts'

interface SettingsFlags extends ChangeFlags {
  timeZone?: string
  language?: string
}

/** `synap settings` */
export function registerSettings(program: Command): void {
  const command = program
    .command('settings')
    .description('show or set your time zone and language')
    .option('--time-zone <zone>', 'such as Europe/Berlin; none takes it away')
    .option('--language <tag>', 'such as de or en-GB; none takes it away')
    .addHelpText(
      'after',
      `
Examples:
  $ ./synap settings
  $ ./synap settings --time-zone Europe/Berlin --language de`,
    )
  const json = 'one JSON document: {id, timeZone, language}; of a change its numbers'
  withChange(command, json).action(async (flags: SettingsFlags) => {
    const request = requestOf(flags)
    await withSynap(flags, async (client) => {
      if (Object.keys(request).length === 0) {
        const { value } = await client.settings()
        return flags.json ? printJson(value) : printSettings(value)
      }
      const numbers = await client.changeSettings(request)
      if (flags.json) printJson(numbers)
      else printSettings(request)
      return awaitReads(client, flags, numbers.sequence)
    })
  })
}

function requestOf({ timeZone, language }: SettingsFlags): SettingsRequest {
  const wanted = (text: string) => (text.toLowerCase() === 'none' ? null : text)
  return {
    ...(timeZone !== undefined && { timeZone: wanted(timeZone) }),
    ...(language !== undefined && { language: wanted(language) }),
  }
}

function printSettings({ timeZone, language }: SettingsRequest): void {
  const rows: [name: string, value: string | null | undefined][] = [
    ['time zone', timeZone],
    ['language', language],
  ]
  printTable(
    ['', ''],
    rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value ?? 'none']])),
  )
}
