import { type RunResult, run, runChecked } from '../process/run.ts'

/** The docker command line. */
export interface DockerCli {
  /** Runs it to its end, whatever that is. */
  run(...args: string[]): Promise<RunResult>
  /** Runs it; a failing end is an error that begins with `what`. What it printed. */
  must(what: string, args: readonly string[], more?: DockerInput): Promise<string>
  /** The network in which the containers of one set find each other; one that is there is fine. */
  createNetwork(name: string): Promise<void>
}

export interface DockerInput {
  /** Added to its environment, for `--env NAME`. */
  env?: Record<string, string>
  stdin?: string
}

export function createDockerCli(environment: NodeJS.ProcessEnv): DockerCli {
  const networks = new Map<string, Promise<void>>()
  const cli = (...args: string[]) => run('docker', args, { env: environment })
  return {
    run: cli,
    must: (what, args, { env, stdin = '' } = {}) =>
      runChecked(what, 'docker', args, { env: { ...environment, ...env }, input: stdin }),
    createNetwork: (name) => {
      // Docker gives two networks the same name when asked twice at once, and then finds neither by it.
      let created = networks.get(name)
      if (created === undefined) {
        created = ensureNetwork(cli, name)
        networks.set(name, created)
        const forget = () => networks.delete(name)
        created.then(forget, forget)
      }
      return created
    },
  }
}

async function ensureNetwork(cli: DockerCli['run'], name: string): Promise<void> {
  if ((await cli('network', 'inspect', name)).code === 0) return
  const created = await cli('network', 'create', name)
  if (created.code !== 0) throw new Error(`docker network create ${name}: ${created.stderr.trim()}`)
}
