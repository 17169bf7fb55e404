import type { SynapClient } from '@synap/client'
import { type CreateKeyResponse, type KeyView, type Scope, scopes } from '@synap/contracts'
import type { Command } from 'commander'
import { CommandError } from '../command-error.ts'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { findKey } from '../keys/find-key.ts'
import { parseExpiry } from '../keys/parse-expiry.ts'
import { parseScopes } from '../keys/parse-scopes.ts'
import { clip, note, printJson, printTable } from '../output.ts'
import { paint } from '../paint.ts'
import { relativeTime, shortTime } from '../relative-time.ts'
import { shortIds } from '../short-id.ts'

/** `synap keys create|list|revoke` */
export function registerKeys(program: Command): void {
  const keys = program
    .command('keys')
    .description('make, list and revoke API keys')
    .helpCommand(false)
    .addHelpText(
      'after',
      `
A key is for one device or program: what is lost is revoked alone. All three
need a key with the scope admin, as ./synap start and ./synap up make it.

Examples:
  $ ./synap keys create --name phone
  $ ./synap keys list
  $ ./synap keys revoke 019aa0c8-7c1e`,
    )
  registerCreate(keys)
  registerList(keys)
  registerRevoke(keys)
}

interface CreateFlags extends ConnectionFlags {
  name: string
  scopes: Scope[]
  expires?: number
  json?: boolean
}

function registerCreate(keys: Command): void {
  const command = keys
    .command('create')
    .description('make an API key and print it, this once')
    .requiredOption('--name <name>', 'what it is for: a device, a program')
    .option('--scopes <list>', `what it may do, of ${scopes.join(', ')}`, parseScopes, ['read', 'write'])
    .option('--expires <time>', 'when it ends: 30d, 8w, 1y; never unless given', parseExpiry)
    .option('--json', 'one JSON document: {id, name, scopes, createdAt, expiresAt, key, …}')
    .addHelpText(
      'after',
      `
In a pipe the key alone goes to stdout. No key can hand on more than it may do
itself.

Examples:
  $ ./synap keys create --name phone --expires 1y
  $ ./synap keys create --name backup --scopes read > backup.key`,
    )
  withConnection(command).action(async (flags: CreateFlags) => {
    const { name, expires: expiresInDays } = flags
    const request = { name, scopes: flags.scopes, ...(expiresInDays && { expiresInDays }) }
    const made = await withSynap(flags, (client) => client.createKey(request))
    if (flags.json) return printJson(made)
    if (process.stdout.isTTY) printMade(made)
    else {
      console.log(made.key)
      note(`Made the key ${made.name} (${made.id}). It is not shown again.`)
    }
  })
}

function printMade({ id, name, scopes: may, expiresAt, key }: CreateKeyResponse): void {
  printTable(
    ['', ''],
    [
      ['id', id],
      ['name', clip(name, 200)],
      ['scopes', may.join(', ')],
      ['ends', expiresAt === null ? 'never' : relativeTime(expiresAt)],
    ],
  )
  // Never cut, however narrow the terminal is.
  console.log(`\n  ${paint.bold(key)}\n`)
  note('It is not shown again. The commands use it so:')
  note('  SYNAP_API_KEY_FILE=<file that holds it> ./synap list')
}

interface ListFlags extends ConnectionFlags {
  all?: boolean
  json?: boolean
}

function registerList(keys: Command): void {
  const command = keys
    .command('list')
    .description('list API keys, newest first, without the keys themselves')
    .option('-a, --all', 'also those that are revoked')
    .option('--json', 'one JSON document per line: {id, name, scopes, createdAt, expiresAt, lastUsedAt, …}')
    .addHelpText(
      'after',
      `
* is the key that this command uses. When a key was last used is true to the
minute.

Examples:
  $ ./synap keys list
  $ ./synap keys list --all --json`,
    )
  withConnection(command).action(async (flags: ListFlags) => {
    const { own, all } = await withSynap(flags, readKeys)
    const shown = all.filter((key) => flags.all === true || key.revokedAt === null)
    if (flags.json) return shown.forEach((key) => printJson(key))
    const ids = process.stdout.isTTY ? shortIds(all.map(({ id }) => id)) : undefined
    printTable(
      ['id', 'name', 'created', 'ends', 'last used', 'scopes'],
      shown.map((key) => [
        `${ids?.get(key.id) ?? key.id}${key.id === own.id ? '*' : ''}`,
        clip(key.name, 20),
        shortTime(key.createdAt),
        endOf(key),
        key.lastUsedAt === null ? 'never' : shortTime(key.lastUsedAt),
        key.scopes.join(','),
      ]),
    )
  })
}

function endOf({ revokedAt, expiresAt }: KeyView, now = Date.now()): string {
  if (revokedAt !== null) return paint.red('revoked')
  if (expiresAt === null) return 'never'
  return Date.parse(expiresAt) > now ? shortTime(expiresAt, now) : paint.red('ended')
}

interface RevokeFlags extends ConnectionFlags {
  force?: boolean
  json?: boolean
}

function registerRevoke(keys: Command): void {
  const command = keys
    .command('revoke')
    .description('end an API key: nothing is answered to it any more')
    .argument('<id>', 'its id, or as much of its beginning as no other key has')
    .option('-f, --force', 'also the key that this command uses')
    .option('--json', 'one JSON document: {id, name}')
    .addHelpText(
      'after',
      `
It holds everywhere within half a minute, and cannot be taken back.

Examples:
  $ ./synap keys revoke 019aa0c8-7c1e
  $ ./synap keys revoke 019aa0c8-7c1e-7000-8a3e-6d7a4c1b2f90 --force`,
    )
  withConnection(command).action(async (text: string, flags: RevokeFlags) => {
    const { id, name } = await withSynap(flags, async (client) => {
      const { own, all } = await readKeys(client)
      const key = findKey(all, text)
      if (key.id === own.id && flags.force !== true) {
        throw new CommandError(
          `${key.id} is the key that this command uses: without it you are locked out. ` +
            'Make another first, or revoke it with --force.',
        )
      }
      if (key.revokedAt === null) await client.revokeKey(key.id)
      return key
    })
    if (flags.json) return printJson({ id, name })
    console.log(`Revoked ${id} (${clip(name, 60)}).`)
  })
}

async function readKeys(client: SynapClient): Promise<{ own: KeyView; all: KeyView[] }> {
  const [all, own] = await Promise.all([client.listKeys(), client.currentKey()])
  return { all, own }
}
