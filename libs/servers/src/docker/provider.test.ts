import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { images } from '../images.ts'
import { createSecrets } from '../secrets.ts'
import { type ServerSettings, serverKinds } from '../server.ts'
import { dockerObstacle } from './daemon.ts'
import { runArguments } from './provider.ts'

const settings: ServerSettings = {
  ports: { postgres: 1, kafka: 2, kafkaController: 3, registry: 4, registryManagement: 5, objectStore: 6 },
  secrets: createSecrets(),
  dataFolder: '/somewhere/.synap/data/docker',
  logFolder: '/somewhere/.synap/logs',
  mode: 'durable',
  bound: false,
}

describe('the containers', () => {
  it('given any server, its port is published on 127.0.0.1 only and no secret is on the command line', () => {
    for (const kind of serverKinds) {
      const args = runArguments(kind, settings)
      expect(args[args.indexOf('--publish') + 1]).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
      for (const secret of Object.values(settings.secrets)) expect(args.join(' ')).not.toContain(secret)
    }
  })

  it('given the compose file, it runs the same images', () => {
    const compose = readFileSync(
      join(import.meta.dirname, '..', '..', '..', '..', 'docker-compose.yml'),
      'utf8',
    )
    for (const image of Object.values(images)) expect(compose).toContain(`image: ${image}\n`)
  })

  it('given another checkout, containers and volumes have other names', () => {
    const other = { ...settings, dataFolder: '/elsewhere/.synap/data/docker' }
    const names = (of: ServerSettings) => runArguments('kafka', of).filter((arg) => arg.startsWith('synap-'))
    expect(names(settings)).toHaveLength(3)
    expect(names(other).some((name) => names(settings).includes(name))).toBe(false)
  })

  it('given no daemon or no docker command, the reason is one sentence', async () => {
    expect(await dockerObstacle({ PATH: '/nowhere' })).toBe('the docker command is missing')
  })
})
