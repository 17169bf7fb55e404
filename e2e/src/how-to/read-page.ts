/** A thing that a page tells its reader to do, in the order of the page. */
export type Step =
  | { do: 'write'; path: string; text: string }
  /** A line more, below or above a line that is there already. */
  | { do: 'add'; path: string; where: 'below' | 'above'; anchor: string; line: string }
  | { do: 'run'; script: string }

const newFile = /New file `([^`]+)`:$/
const oneLine = /One line more in `([^`]+)`, (below|above) `([^`]+)`:$/

/**
 * What a page about the code tells to do: each fence of code stands under a sentence that says where it goes, a fence
 * of `sh` is run in the repository. Examples of calls (`curl`, and the `json` below) are left out.
 */
export function readSteps(markdown: string): Step[] {
  const fences = markdown.matchAll(/^(.*)\n\n```(\w+)\n([^]*?)\n```$/gm)
  return [...fences].flatMap(([, before = '', language, text = '']): Step[] => {
    if (language === 'json') return []
    if (language === 'sh') return /\bcurl\b/.test(text) ? [] : [{ do: 'run', script: text }]
    const [, file] = newFile.exec(before) ?? []
    if (file !== undefined) return [{ do: 'write', path: file, text: `${text}\n` }]
    const [, path, where, anchor] = oneLine.exec(before) ?? []
    if (path === undefined || anchor === undefined) {
      throw new Error(`where does this go? It stands below "${before}":\n${text}`)
    }
    if (text.includes('\n')) throw new Error(`more than one line:\n${text}`)
    return [{ do: 'add', path, where: where === 'below' ? 'below' : 'above', anchor, line: text }]
  })
}
