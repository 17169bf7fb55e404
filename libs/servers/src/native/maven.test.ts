import { describe, expect, it } from 'vitest'
import { parseMavenSettings } from './maven.ts'

const central = 'https://repo.maven.apache.org/maven2'

describe('the Maven repository of this machine', () => {
  it('given settings with a mirror of everything and its server, address and credentials are taken', () => {
    const xml = `<settings><!-- <mirror><url>http://no.example</url></mirror> -->
      <servers><server><id>own</id><username>u</username><password>\${env.SECRET}</password></server></servers>
      <mirrors><mirror><id>own</id><mirrorOf>*</mirrorOf><url>https://own.example/maven/</url></mirror></mirrors>
    </settings>`
    expect(parseMavenSettings(xml, { SECRET: 'p' })).toEqual({
      url: 'https://own.example/maven',
      authorization: `Basic ${Buffer.from('u:p').toString('base64')}`,
    })
  })

  it.each([
    ['of another repository', 'jboss'],
    ['of all but Central', '*,!central'],
  ])('given a mirror %s, Central stays', (_, mirrorOf) => {
    const xml = `<mirror><id>m</id><mirrorOf>${mirrorOf}</mirrorOf><url>https://m.example</url></mirror>`
    expect(parseMavenSettings(xml, {})).toEqual({ url: central })
  })

  it('given empty settings, it is Central', () => {
    expect(parseMavenSettings('<settings/>', {})).toEqual({ url: central })
  })
})
