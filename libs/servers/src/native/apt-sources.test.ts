import { describe, expect, it } from 'vitest'
import { mirrorFor, parseDeb822, parseOneLine } from './apt-sources.ts'

const deb822 = `# The machine's own mirror
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
`

describe('the mirror of this machine', () => {
  it('given deb822 sources, the address of Debian itself is found, not that of the security archive', () => {
    expect(mirrorFor('trixie', parseDeb822(deb822), 'bookworm')).toBe('http://mirror.example/debian')
  })

  it('given a disabled stanza, a source-only one and another vendor before it, they are passed over', () => {
    const sources = parseDeb822(`Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://src.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://vendor.example/apt
Suites: nodistro
Components: main

${deb822}`)
    expect(mirrorFor('trixie', sources, 'bookworm')).toBe('http://mirror.example/debian')
  })

  it('given a one-line list with trust options, they are handed on with the new release', () => {
    const sources = parseOneLine(
      `# deb http://old.example/debian bookworm main
deb [arch=amd64 signed-by=/etc/apt/keyrings/own.gpg] https://own.example/debian bookworm main # ours
deb http://security.example/debian-security bookworm-security main`,
    )
    expect(mirrorFor('trixie', sources, 'bookworm')).toBe(
      'deb [signed-by=/etc/apt/keyrings/own.gpg] https://own.example/debian trixie main',
    )
  })

  it('given a field over several lines, all of its words count', () => {
    const [source] = parseDeb822(
      'Types: deb\nURIs: http://a.example/debian\nSuites:\n sid\n trixie\nComponents: main',
    )
    expect(source?.suites).toEqual(['sid', 'trixie'])
  })

  it('given no archive of Debian, there is none', () => {
    const sources = parseOneLine('deb http://archive.example/ubuntu noble main')
    expect(mirrorFor('trixie', sources, 'bookworm')).toBeUndefined()
  })
})
