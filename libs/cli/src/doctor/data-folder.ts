import { existsSync } from 'node:fs'
import { stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { type Check, type Finding, failed, ok, warning } from './check.ts'
import { freeBytes } from './disk.ts'
import { formatBytes } from './format-bytes.ts'

export const dataFolder: Check = {
  name: 'data',
  otherwise: () => 'ls -ld .synap/standalone',
  run: async ({ way, written, root }) => {
    const folder = written['SYNAP_STANDALONE_DATA'] || join(root, '.synap', 'standalone')
    if (way !== 'standalone' && (way !== 'none' || !existsSync(folder))) return undefined
    if (!existsSync(folder)) return judgeFolder(folder, undefined)
    const [{ mode, uid }, { type }, free] = await Promise.all([
      stat(folder),
      statfs(folder),
      freeBytes(folder),
    ])
    const isOwn = process.getuid === undefined || process.getuid() === uid
    return judgeFolder(folder, { mode, isOwn, free, network: networkName(type) })
  },
}

export interface FolderFacts {
  /** As stat gives it. */
  mode: number
  isOwn: boolean
  /** Bytes. */
  free: number
  /** Name of the network file system it lies on, where that can be told. */
  network: string | undefined
}

export function judgeFolder(folder: string, facts: FolderFacts | undefined): Finding {
  if (facts === undefined)
    return failed(
      `${folder} is gone while Synap runs on it`,
      'End it (Ctrl-C), bring the folder back, ./synap start',
    )
  if (!facts.isOwn) return failed(`${folder} belongs to another user`, `chown -R "$(id -u)" '${folder}'`)
  if ((facts.mode & 0o077) !== 0)
    return failed(`${folder} is open to other users (${modeText(facts.mode)})`, `chmod 700 '${folder}'`)
  if (facts.network !== undefined)
    return warning(
      `${folder} lies on a network file system (${facts.network})`,
      'Its lock may not hold there: ./synap start --data DIR with a local folder',
    )
  return ok(`${folder}, mode ${modeText(facts.mode)}, ${formatBytes(facts.free)} free`)
}

const modeText = (mode: number) => (mode & 0o777).toString(8)

/** Magic numbers of Linux, from statfs(2) and linux/magic.h. */
const networks = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x517b, 'SMB'],
  [0x01021997, '9p'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x65735546, 'FUSE'],
])

/** Elsewhere the numbers mean other things. */
export function networkName(type: number, platform: NodeJS.Platform = process.platform): string | undefined {
  return platform === 'linux' ? networks.get(type >>> 0) : undefined
}
