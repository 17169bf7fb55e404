import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { identify, type ProcessIdentity } from '../process/identity.ts'
import { openLog } from '../process/open-log.ts'

export interface Sandbox {
  /** Root file system, read-only inside. */
  rootfs: string
  /** Folders of the host that appear inside: path inside → path here. */
  readOnly?: Record<string, string>
  writable?: Record<string, string>
  /** The whole environment inside. */
  env?: Record<string, string>
}

export interface StartOptions {
  command: readonly string[]
  /** Standard output and error are appended here. */
  log: string
  /** The server ends when this process ends, however that happens. */
  dieWithParent: boolean
}

/** User and group that the server believes to be (Debian's `postgres`); outside it is whoever runs this. */
const identityInside = ['--uid', '100', '--gid', '102']

/** Arguments of bwrap(1) up to the command. The network is the machine's; processes and users are not seen. */
export function sandboxArguments(sandbox: Sandbox): string[] {
  const args = ['--ro-bind', sandbox.rootfs, '/', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp']
  args.push('--tmpfs', '/run', '--tmpfs', '/mnt', '--tmpfs', '/srv')
  for (const [inside, here] of Object.entries(sandbox.readOnly ?? {})) args.push('--ro-bind', here, inside)
  for (const [inside, here] of Object.entries(sandbox.writable ?? {})) args.push('--bind', here, inside)
  args.push('--unshare-user', '--unshare-pid', '--unshare-ipc', ...identityInside)
  return args
}

/** The environment for bwrap, which hands it on: not as `--setenv`, where every user of the machine could read it. */
export function sandboxEnvironment(sandbox: Sandbox): Record<string, string> {
  return { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', HOME: '/tmp', ...sandbox.env }
}

/**
 * Starts a server in the sandbox, detached, in its own process group. The identity returned is the server's own as
 * seen from outside (bwrap only waits for it), so signals reach the server.
 */
export async function startSandboxed(sandbox: Sandbox, options: StartOptions): Promise<ProcessIdentity> {
  const log = openLog(options.log)
  try {
    const args = [...sandboxArguments(sandbox), '--as-pid-1', '--info-fd', '3']
    if (options.dieWithParent) args.push('--die-with-parent')
    const child = spawn('bwrap', [...args, ...options.command], {
      detached: true,
      env: sandboxEnvironment(sandbox),
      stdio: ['ignore', log, log, 'pipe'],
    })
    const failed = new Promise<never>((_, reject) => child.once('error', reject))
    const info = await Promise.race([readAll(child.stdio[3] as Readable), failed])
    child.unref()
    const pid = /"child-pid":\s*(\d+)/.exec(info)?.[1]
    const identity = pid === undefined ? undefined : identify(Number(pid))
    if (identity === undefined)
      throw new Error(`${options.command[0] ?? ''} ended at once; see ${options.log}`)
    return identity
  } finally {
    closeSync(log)
  }
}

async function readAll(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}
