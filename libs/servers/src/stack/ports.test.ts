import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { portHolder } from '../port-holder.ts'
import { createSecrets } from '../secrets.ts'
import { defaultStackPorts, parsePortOption, portNames, portsOfPart } from './ports.ts'
import { findKey } from './prepare.ts'
import { assertPortsFree } from './start-part.ts'

describe('the ports of the stack', () => {
  it('given a name and a number, they are taken; else the error says what is possible', () => {
    expect(parsePortOption('ingest=5000')).toEqual(['ingest', 5000])
    expect(() => parsePortOption('web=80')).toThrow('the names are ingest, query')
    expect(() => parsePortOption('ingest=eighty')).toThrow('no port number')
    expect(() => parsePortOption('ingest=70000')).toThrow('no port number')
  })

  it('given all parts, every port belongs to exactly one', () => {
    expect(Object.values(portsOfPart).flat().sort()).toEqual([...portNames].sort())
    expect(new Set(Object.values(defaultStackPorts)).size).toBe(portNames.length)
  })

  it('given the reference, it names every port with its number', () => {
    const file = join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'reference', 'stack.md')
    const text = readFileSync(file, 'utf8')
    for (const name of portNames) expect(text).toContain(`| \`${name}\` | ${defaultStackPorts[name]} |`)
  })

  it('given a port in use, the error names port, holder and the way out', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const ports = { ...defaultStackPorts, 'object-store': port }
    const starting = assertPortsFree(['object-store'], {
      provider: 'native',
      ports,
      secrets: createSecrets(),
    })
    await expect(starting).rejects.toThrow(`port ${port} (object-store) is used by`)
    if (process.platform === 'linux') expect(portHolder(port)).toBe(`node (process ${process.pid})`)
    await new Promise((resolve) => server.close(resolve))
    expect(portHolder(port)).toBeUndefined()
  })
})

describe('a key in the output of a program', () => {
  it('given a key among words, it is found; given one too short or too long, not', () => {
    const key = `syn_${'aB3-_'.repeat(8)}xyz`
    expect(findKey(`your key: ${key}\nkeep it`)).toBe(key)
    expect(findKey(key.slice(0, -1))).toBeUndefined()
    expect(findKey(`${key}0`)).toBeUndefined()
  })
})
