import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import type { ServersConfig } from '../config.ts'
import {
  type ServerKind,
  type ServerProvider,
  type ServerRecord,
  type ServerSettings,
  serverKinds,
} from '../server.ts'
import { createDockerCli } from './cli.ts'
import { containerSpecs } from './containers.ts'
import { dockerObstacle } from './daemon.ts'
import { ensureImages } from './pull.ts'

/** Runs the servers as containers, through the docker command line. Ports are published on 127.0.0.1 only. */
export function createDockerProvider({ environment }: ServersConfig): ServerProvider {
  const docker = createDockerCli(environment)
  return {
    name: 'docker',
    obstacle: (signal) => dockerObstacle(environment, signal),
    prepare: (kinds, report, signal) => ensureImages(kinds, { environment, report, signal }),
    launch: async (kind, settings) => {
      const name = containerName(settings, kind)
      // A container that was not stopped in order still has the name; its data are in the volumes.
      await docker.run('rm', '--force', name)
      await docker.createNetwork(setName(settings))
      const { env } = containerSpecs[kind](settings)
      try {
        await docker.must(`starting the container of ${kind}`, runArguments(kind, settings), { env })
      } catch (error) {
        // Made, but not started: nobody would hear of it.
        await docker.run('rm', '--force', '--volumes', name)
        throw error
      }
      return containerRecord(kind, settings)
    },
    isRunning: async (record) => {
      const { stdout } = await docker.run('inspect', '--format', '{{.State.Running}}', containerOf(record))
      return stdout.trim() === 'true'
    },
    stop: async (record) => {
      await docker.run('stop', containerOf(record))
      // Its anonymous volumes go with it; those that hold data have names and stay.
      await docker.run('rm', '--force', '--volumes', containerOf(record))
    },
    signal: async (record, signal) => {
      const args = ['kill', '--signal', signal, containerOf(record)]
      await docker.must(`sending ${signal} to ${record.name}`, args)
    },
    superuserSql: async (settings, database, sql) => {
      // Over TCP, which the image trusts from inside: while it makes a new cluster, only the socket answers.
      const psql = ['psql', '-h', '127.0.0.1', '-U', 'postgres', '-d', database]
      const options = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-f', '-']
      const env = ['--env', 'PGOPTIONS=-c client_min_messages=warning', '--env', 'PGCONNECT_TIMEOUT=5']
      const args = ['exec', '--interactive', ...env, containerName(settings, 'postgres'), ...psql, ...options]
      const output = await docker.must('running SQL as superuser', args, { stdin: sql })
      return output.split('\n').filter((line) => line !== '')
    },
    logTail: async (record, lines) => {
      const { stdout, stderr } = await docker.run('logs', '--tail', String(lines), containerOf(record))
      return `${stdout}${stderr}`.trim()
    },
    killNow: (record) => {
      spawnSync('docker', ['rm', '--force', '--volumes', containerOf(record)], { env: environment })
    },
    wipe: async (settings) => {
      const volumes = Object.values(containerSpecs).flatMap((spec) => Object.values(spec(settings).volumes))
      const names = volumes.map((volume) => `${setName(settings)}-${volume}`)
      const containers = serverKinds.map((kind) => containerName(settings, kind))
      await docker.run('rm', '--force', '--volumes', ...containers)
      await docker.run('volume', 'rm', '--force', ...names)
      await docker.run('network', 'rm', setName(settings))
    },
  }
}

/** The record of a server that runs as a container. */
export function containerRecord(kind: ServerKind, settings: ServerSettings): ServerRecord {
  const container = containerName(settings, kind)
  const ports = [containerSpecs[kind](settings).port.here]
  const log = `docker logs ${container}`
  return { name: kind, provider: 'docker', ports, log, started: Date.now(), type: 'container', container }
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

/** One name per data folder, so per checkout: containers and volumes of two do not meet. */
export function setName(settings: ServerSettings): string {
  return `synap-${createHash('sha256').update(settings.dataFolder).digest('hex').slice(0, 10)}`
}

export function containerName(settings: ServerSettings, kind: ServerKind): string {
  return `${setName(settings)}-${kind}`
}

function containerOf(record: ServerRecord): string {
  if (record.type !== 'container') throw new Error(`${record.name} is not a container`)
  return record.container
}
