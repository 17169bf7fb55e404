import { cached, type Report } from '../cache/cache.ts'
import { runChecked } from '../process/run.ts'
import { debianRelease, rootfsPackages, versions } from '../versions.ts'
import { aptTransportOptions, debianMirror, ensureTools } from './machine.ts'

export interface BuildContext {
  cacheRoot: string
  report: Report
  signal: AbortSignal | undefined
}

/** A Debian root file system with PostgreSQL, its extensions and a Java run time: path, built when missing. */
export function ensureRootfs(context: BuildContext): Promise<string> {
  return cached(
    context.cacheRoot,
    {
      name: `rootfs-${versions.rootfs}`,
      build: async (folder) => {
        context.report(`building a Debian ${debianRelease} root with PostgreSQL and Java (about a minute)`)
        await debootstrap(folder, rootfsPackages, context)
      },
    },
    context,
  )
}

/** Fills `folder` with a minimal Debian of our release and these packages. */
export async function debootstrap(
  folder: string,
  packages: readonly string[],
  context: BuildContext,
): Promise<void> {
  await ensureTools(['mmdebstrap'], context.report)
  const leftOut = ['doc', 'locale'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`)
  const args = [
    '--mode=root',
    '--variant=minbase',
    `--include=${packages.join(',')}`,
    ...leftOut,
    ...(await aptTransportOptions()),
    debianRelease,
    folder,
    debianMirror(debianRelease),
  ]
  await runChecked(`building ${folder}`, 'mmdebstrap', args, {
    signal: context.signal,
    onLine: (line) => {
      const step = /^I: (.+?)(?:\.\.\.)?$/.exec(line)?.[1]
      if (step !== undefined) context.report(`Debian root: ${step}`)
    },
  })
}
