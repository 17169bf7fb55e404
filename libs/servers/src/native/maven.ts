import { existsSync, readFileSync } from 'node:fs'

export interface MavenRepository {
  /** Base address without a slash at the end. */
  url: string
  authorization?: string
}

const central: MavenRepository = { url: 'https://repo.maven.apache.org/maven2' }

/**
 * Where Maven Central's artifacts come from on this machine: the mirror of it that a Maven settings file names
 * (settings.xml, `mirrors` and `servers`), else Central itself.
 */
export function mavenRepository(settingsFile: string, environment: NodeJS.ProcessEnv): MavenRepository {
  if (!existsSync(settingsFile)) return central
  return parseMavenSettings(readFileSync(settingsFile, 'utf8'), environment)
}

export function parseMavenSettings(xml: string, environment: NodeJS.ProcessEnv): MavenRepository {
  const text = xml.replaceAll(/<!--[\s\S]*?-->/g, '')
  const value = (block: string, name: string) => {
    const raw = new RegExp(`<${name}>\\s*([^<]*?)\\s*</${name}>`).exec(block)?.[1]
    return raw
      ?.replaceAll(/\$\{env\.([^}]+)\}/g, (_, variable: string) => environment[variable] ?? '')
      .replaceAll('&amp;', '&')
  }
  const mirror = blocks(text, 'mirror').find((block) => isOfCentral(value(block, 'mirrorOf') ?? ''))
  const url = mirror === undefined ? undefined : value(mirror, 'url')
  if (mirror === undefined || url === undefined) return central
  const id = value(mirror, 'id')
  const server = blocks(text, 'server').find((block) => value(block, 'id') === id)
  const user = server === undefined ? undefined : value(server, 'username')
  const base = { url: url.replace(/\/+$/, '') }
  if (server === undefined || user === undefined) return base
  const credentials = Buffer.from(`${user}:${value(server, 'password') ?? ''}`).toString('base64')
  return { ...base, authorization: `Basic ${credentials}` }
}

function isOfCentral(mirrorOf: string): boolean {
  const names = mirrorOf.split(',').map((name) => name.trim())
  if (names.includes('!central')) return false
  return names.some((name) => name === '*' || name === 'central' || name.startsWith('external:'))
}

function blocks(text: string, name: string): string[] {
  return [...text.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, 'g'))].map((match) => match[1] ?? '')
}
