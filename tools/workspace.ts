import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Project, SourceFile } from './boundaries.ts'

export const repositoryRoot = join(import.meta.dirname, '..')

const manifestSchema = z.object({
  name: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
  nx: z.object({ tags: z.array(z.string().startsWith('type:')).length(1) }),
})

/** Every project of the workspace, read from its package.json. */
export function readProjects(): Project[] {
  return listFiles()
    .filter((path) => /^((libs|services)\/[^/]+|e2e|bench)\/package\.json$/.test(path))
    .map((path) => {
      const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(repositoryRoot, path), 'utf8')))
      return {
        root: path.slice(0, -'/package.json'.length),
        name: manifest.name,
        type: manifest.nx.tags[0]?.slice('type:'.length) ?? '',
        dependencies: Object.keys(manifest.dependencies),
        devDependencies: Object.keys(manifest.devDependencies),
      }
    })
}

/** Every TypeScript file that git knows or would add. */
export function readSources(): SourceFile[] {
  return listFiles()
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path, text: readFileSync(join(repositoryRoot, path), 'utf8') }))
}

function listFiles(): string[] {
  const arguments_ = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate']
  const listed = execFileSync('git', arguments_, { cwd: repositoryRoot, encoding: 'utf8' }).split('\0')
  const gone = execFileSync('git', ['ls-files', '-z', '--deleted'], {
    cwd: repositoryRoot,
    encoding: 'utf8',
  }).split('\0')
  return listed.filter((path) => path !== '' && !gone.includes(path))
}
