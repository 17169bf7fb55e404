import { join } from 'node:path'

/** Where `./synap up` keeps what it makes: everything below one folder, readable by its owner only. */
export interface StackLayout {
  root: string
  folder: string
  /** One file per running part: what `down` may stop. */
  run: string
  logs: string
  /** Addresses and keys for people and programs, as shell lines. */
  envFile: string
  /** Ports, secrets and the provider, kept from one start to the next. */
  settingsFile: string
  lockFile: string
}

/** `root` is the checkout, where the programs are; the state goes to its `.synap` unless another folder is named. */
export function stackLayout(root: string, folder = join(root, '.synap')): StackLayout {
  return {
    root,
    folder,
    run: join(folder, 'run'),
    logs: join(folder, 'logs'),
    envFile: join(folder, 'stack.env'),
    settingsFile: join(folder, 'settings.json'),
    lockFile: join(folder, 'stack.lock'),
  }
}

/** Data of the servers of one provider: two providers never share any (their versions differ). */
export function dataFolder(layout: StackLayout, provider: string): string {
  return join(layout.folder, 'data', provider)
}
