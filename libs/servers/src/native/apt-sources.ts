/** One archive that the machine's apt is configured with. */
export interface AptSource {
  uri: string
  suites: string[]
  components: string[]
  /** Options of a one-line entry that decide whether apt trusts it: `signed-by=…`, `trusted=yes`. */
  options: string[]
}

/** Parses a deb822 file (`*.sources`, sources.list(5)); disabled stanzas and source packages are left out. */
export function parseDeb822(text: string): AptSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = parseStanza(stanza)
    const words = (name: string) => (fields.get(name) ?? '').split(/\s+/).filter((word) => word !== '')
    if (!words('types').includes('deb') || fields.get('enabled')?.toLowerCase() === 'no') return []
    const options: string[] = []
    const [key] = words('signed-by')
    // A key may also stand in the file itself; only a path can be handed on.
    if (key?.startsWith('/')) options.push(`signed-by=${key}`)
    if (fields.get('trusted')?.toLowerCase() === 'yes') options.push('trusted=yes')
    return words('uris').map((uri) => ({
      uri,
      suites: words('suites'),
      components: words('components'),
      options,
    }))
  })
}

function parseStanza(stanza: string): Map<string, string> {
  const fields = new Map<string, string>()
  let last: string | undefined
  for (const line of stanza.split('\n')) {
    if (line.startsWith('#') || line.trim() === '') continue
    const field = /^([^\s:]+):\s*(.*)$/.exec(line)
    if (field?.[1] !== undefined) {
      last = field[1].toLowerCase()
      fields.set(last, field[2] ?? '')
    } else if (last !== undefined && /^\s/.test(line)) {
      fields.set(last, `${fields.get(last) ?? ''} ${line.trim()}`)
    }
  }
  return fields
}

/** Parses a one-line-style file (`sources.list`). */
export function parseOneLine(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*)$/.exec(line.replace(/#.*$/, '').trim())
    if (match === null) return []
    const [, options = '', uri = '', suite = '', components = ''] = match
    return [
      {
        uri,
        suites: [suite],
        components: components.split(/\s+/).filter((word) => word !== ''),
        options: options.split(/\s+/).filter((option) => /^(signed-by=\/|trusted=yes$)/i.test(option)),
      },
    ]
  })
}

/**
 * What mmdebstrap takes as its mirror to read `release` from where this machine gets Debian itself: the first archive
 * with the component `main` and a suite of Debian's own. An address alone lets mmdebstrap add Debian's key ring; an
 * entry with trust options of its own is handed on as a whole line.
 */
export function mirrorFor(
  release: string,
  sources: readonly AptSource[],
  ownRelease: string,
): string | undefined {
  const found = sources.find(
    (source) =>
      source.components.includes('main') &&
      source.suites.some((suite) => [ownRelease, 'stable', release].includes(suite)),
  )
  if (found === undefined) return undefined
  // The key ring of the own release may know only that release; Debian's common ring knows all of them.
  const options = found.options.filter(
    (option) => !option.startsWith('signed-by=/usr/share/keyrings/debian-'),
  )
  return options.length === 0 ? found.uri : `deb [${options.join(' ')}] ${found.uri} ${release} main`
}
