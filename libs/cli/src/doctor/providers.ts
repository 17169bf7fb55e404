import {
  createDockerProvider,
  createNativeProvider,
  imageExists,
  images,
  serversConfig,
} from '@synap/servers'
import { type Check, type Finding, ok, warning } from './check.ts'
import { counted } from './counted.ts'

/** What `./synap up` would take its servers from. Nothing is pulled or built. */
export const providers: Check = {
  name: 'up',
  deadlineMs: 10_000,
  otherwise: () => './synap start needs neither Docker nor Debian packages',
  run: async ({ stack, environment }, signal) => {
    const config = serversConfig(environment)
    const [docker, native] = await Promise.all([
      createDockerProvider(config).obstacle(signal),
      createNativeProvider(config).obstacle(signal),
    ])
    const missing: string[] = []
    for (const image of docker === undefined ? Object.values(images) : []) {
      if (!(await imageExists(image, environment))) missing.push(image)
    }
    return judgeProviders({ docker, native, missing, kept: stack.provider })
  },
}

export interface ProviderFacts {
  /** Why it cannot work here; undefined when it can. */
  docker: string | undefined
  native: string | undefined
  /** Images that the first start would have to pull. */
  missing: readonly string[]
  /** Whose data are there from an earlier start: it goes on with this one. */
  kept: string | null
}

export function judgeProviders({ docker, native, missing, kept }: ProviderFacts): Finding {
  const obstacles: Record<string, string | undefined> = { docker, native }
  if (kept !== null) {
    const obstacle = obstacles[kept]
    if (obstacle === undefined) return ok(`${kept}, as at the last start`)
    return warning(
      `${kept}, as at the last start, but ${obstacle}`,
      'Bring it back; ./synap down --wipe would let another provider begin anew',
    )
  }
  if (docker === undefined && missing.length === 0)
    return ok('Docker: a daemon answers, the images are there')
  if (docker === undefined && native !== undefined)
    return ok(`Docker: a daemon answers, ${counted(missing.length, 'image')} to be pulled`)
  if (docker === undefined)
    return ok(`Docker if it can pull ${counted(missing.length, 'image')} within 30 s, else Debian packages`)
  if (native === undefined) return ok(`Debian packages (native), for ${docker}`)
  return warning(
    `cannot run here: ${docker}; ${native}`,
    'Start a Docker daemon, or run as root on Debian; ./synap start needs neither',
  )
}
