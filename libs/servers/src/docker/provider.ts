import { createHash } from 'node:crypto'
import type { ServersConfig } from '../config.ts'
import { run, runChecked } from '../process/run.ts'
import type { ServerKind, ServerProvider, ServerRecord, ServerSettings } from '../server.ts'
import { containerSpecs } from './containers.ts'
import { dockerObstacle } from './daemon.ts'
import { ensureImages } from './pull.ts'

/** Runs the servers as containers, through the docker command line. Ports are published on 127.0.0.1 only. */
export function createDockerProvider(config: ServersConfig): ServerProvider {
  const docker = (what: string, args: readonly string[], more: { env?: object; input?: string } = {}) => {
    const env = { ...config.environment, ...more.env }
    return runChecked(what, 'docker', args, { env, input: more.input ?? '' })
  }

  return {
    name: 'docker',
    obstacle: (signal) => dockerObstacle(config.environment, signal),
    prepare: (kinds, report, signal) =>
      ensureImages(kinds, { environment: config.environment, report, signal }),
    launch: async (kind, settings) => {
      const name = containerName(settings, kind)
      const network = setName(settings)
      // A container that was not stopped in order still has the name; its data are in the volumes.
      await run('docker', ['rm', '--force', name], { env: config.environment })
      await run('docker', ['network', 'create', network], { env: config.environment })
      const { port, env } = containerSpecs[kind](settings)
      await docker(`starting the container of ${kind}`, runArguments(kind, settings), { env })
      const log = `docker logs ${name}`
      const base = { name: kind, provider: 'docker', ports: [port.here], log, started: Date.now() }
      return { ...base, type: 'container', container: name }
    },
    isRunning: async (record) => {
      const args = ['inspect', '--format', '{{.State.Running}}', containerOf(record)]
      return (await run('docker', args, { env: config.environment })).stdout.trim() === 'true'
    },
    stop: async (record) => {
      const name = containerOf(record)
      await run('docker', ['stop', name], { env: config.environment })
      // Its anonymous volumes go with it; those that hold data have names and stay.
      await run('docker', ['rm', '--force', '--volumes', name], { env: config.environment })
    },
    signal: async (record, signal) => {
      await docker(`sending ${signal} to ${record.name}`, ['kill', '--signal', signal, containerOf(record)])
    },
    superuserSql: async (settings, database, sql) => {
      // Over TCP, which the image trusts from inside: while it makes a new cluster, only the socket answers.
      const psql = ['psql', '-h', '127.0.0.1', '-U', 'postgres', '-d', database]
      const options = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-f', '-']
      const env = ['--env', 'PGOPTIONS=-c client_min_messages=warning']
      const args = ['exec', '--interactive', ...env, containerName(settings, 'postgres'), ...psql, ...options]
      const output = await docker('running SQL as superuser', args, { input: sql })
      return output.split('\n').filter((line) => line !== '')
    },
    logTail: async (record, lines) => {
      const args = ['logs', '--tail', String(lines), containerOf(record)]
      const { stdout, stderr } = await run('docker', args, { env: config.environment })
      return `${stdout}${stderr}`.trim()
    },
    wipe: async (settings) => {
      const volumes = Object.values(containerSpecs).flatMap((spec) => Object.values(spec(settings).volumes))
      const names = volumes.map((volume) => `${setName(settings)}-${volume}`)
      await run('docker', ['volume', 'rm', '--force', ...names], { env: config.environment })
      await run('docker', ['network', 'rm', setName(settings)], { env: config.environment })
    },
  }
}

/** Arguments of `docker` that start one server in the background. */
export function runArguments(kind: ServerKind, settings: ServerSettings): string[] {
  const spec = containerSpecs[kind](settings)
  const args = ['run', '--detach', '--name', containerName(settings, kind)]
  args.push('--network', setName(settings), '--network-alias', kind, '--init')
  args.push('--label', 'synap.stack', '--stop-timeout', String(spec.stopSeconds))
  args.push('--publish', `127.0.0.1:${spec.port.here}:${spec.port.inside}`)
  for (const [inside, volume] of Object.entries(spec.volumes)) {
    args.push('--volume', `${setName(settings)}-${volume}:${inside}`)
  }
  if (spec.shmBytes > 0) args.push('--shm-size', String(spec.shmBytes))
  // The values come from this process' environment: on a command line every user of the machine could read them.
  for (const name of Object.keys(spec.env)) args.push('--env', name)
  return [...args, spec.image, ...spec.command]
}

/** One name per checkout: containers and volumes of two do not meet. */
function setName(settings: ServerSettings): string {
  return `synap-${createHash('sha256').update(settings.dataFolder).digest('hex').slice(0, 10)}`
}

function containerName(settings: ServerSettings, kind: ServerKind): string {
  return `${setName(settings)}-${kind}`
}

function containerOf(record: ServerRecord): string {
  if (record.type !== 'container') throw new Error(`${record.name} is not a container`)
  return record.container
}
