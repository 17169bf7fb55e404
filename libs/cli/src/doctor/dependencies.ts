import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Check, type Finding, failed, ok } from './check.ts'

/** As much of a package-lock.json as is read here. */
export interface Lock {
  packages: Record<
    string,
    { version?: string; optional?: boolean; devOptional?: boolean; link?: boolean } | undefined
  >
}

export const dependencies: Check = {
  name: 'dependencies',
  otherwise: () => 'npm ci',
  run: async ({ root }) => {
    const read = async (path: string) => JSON.parse(await readFile(join(root, path), 'utf8')) as Lock
    return judgeDependencies(await read('package-lock.json'), await read('node_modules/.package-lock.json'))
  },
}

/** What npm noted as installed against what is locked; packages for other machines need not be there. */
export function judgeDependencies(locked: Lock, installed: Lock): Finding {
  const wanted = Object.entries(locked.packages).filter(([path]) => path.startsWith('node_modules/'))
  const wrong = wanted.filter(([path, at]) => {
    const found = installed.packages[path]
    if (found === undefined) return at?.optional !== true && at?.devOptional !== true
    return found.version !== at?.version
  })
  const [first] = wrong
  if (first === undefined) return ok(`${wanted.length} packages as locked`)
  const name = first[0].replace(/^node_modules\//, '')
  const others = wrong.length === 1 ? '' : ` and ${wrong.length - 1} more`
  return failed(`not as locked: ${name}${others}`, 'npm ci')
}
