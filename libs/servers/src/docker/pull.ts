import type { Report } from '../cache/cache.ts'
import { images } from '../images.ts'
import { run } from '../process/run.ts'
import type { ServerKind } from '../server.ts'

/** Milliseconds that all pulls together may take. */
const pullDeadlineMs = 30_000

/** Pulls the images that are not there; rejects when that fails or takes longer than 30 s. */
export async function ensureImages(
  kinds: readonly ServerKind[],
  options: { environment: NodeJS.ProcessEnv; report: Report; signal: AbortSignal | undefined },
): Promise<void> {
  const env = options.environment
  const missing: string[] = []
  for (const kind of kinds) {
    if (!(await imageExists(images[kind], env))) missing.push(images[kind])
  }
  if (missing.length === 0) return
  options.report(`pulling ${missing.join(', ')}`)
  const timeout = AbortSignal.timeout(pullDeadlineMs)
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout])
  await Promise.all(missing.map((image) => pull(image, env, signal, timeout)))
  options.signal?.throwIfAborted()
}

export async function imageExists(image: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  return (await run('docker', ['image', 'inspect', image], { env })).code === 0
}

async function pull(
  image: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  timeout: AbortSignal,
): Promise<void> {
  const result = await run('docker', ['pull', '--quiet', image], { env, signal }).catch((error: unknown) => {
    if (!timeout.aborted) throw error
    throw new Error(`the image ${image} could not be pulled within ${pullDeadlineMs / 1000} s`, {
      cause: error,
    })
  })
  if (result.code === 0) return
  const said = result.stderr.trim().split('\n').at(-1) ?? ''
  throw new Error(`the image ${image} is not there and cannot be pulled (${said})`)
}
