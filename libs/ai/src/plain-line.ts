const readLength = 10_000
/** Marks inside of marks are undone from the inside, as often as anybody nests them in good faith. */
const deepestNesting = 8

/**
 * One line of plain text out of what a model, or a text, offers for a title or the like: link and image marks leave
 * their words, tags and addresses go, and so do signs that cannot be seen. Nothing that a viewer would fetch or follow
 * is left. Null when no letter or sign is.
 *
 * @param longest in characters.
 */
export function plainLine(text: string, longest: number): string | null {
  const bare = withoutMarks(visible(text.slice(0, readLength)))
    .replaceAll(/<[a-z!/?|][^<>]*(?:>|$)/giu, ' ')
    .replaceAll(/(?:\b[a-z][a-z0-9+.-]*:)?\/\/\S*/giu, ' ')
    .replaceAll(/\b(?:data|javascript|vbscript|mailto|tel|sms|file|blob|about):\S+/giu, ' ')
    .replaceAll(/\bwww\.\S*/giu, ' ')
    .replaceAll(/(?<![\w.-])(?:[\p{L}\p{N}_-]+\.)+\p{L}{2,}(?::\d+)?[/?]\S*/gu, ' ')
    .replaceAll('![', '[')
    .replaceAll(/\s+/gu, ' ')
    .trim()
  return /[\p{L}\p{N}\p{S}]/u.test(bare) ? Array.from(bare).slice(0, longest).join('') : null
}

/** Control signs are gaps; signs that turn or hide others go. The joiners stay, which emoji and Persian need. */
function visible(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cs}\s]+/gu, ' ')
    .replaceAll(/[\p{Cf}]/gu, (sign) => (isJoiner(sign) ? sign : ''))
}

const isJoiner = (sign: string): boolean => sign === '\u200c' || sign === '\u200d'

function withoutMarks(text: string): string {
  let rest = text.replaceAll(/\[[^[\]]*\]:\s*<?(?:[a-z][a-z0-9+.-]*:|\/\/|www\.)\S*/giu, ' ')
  for (let round = 0; round < deepestNesting; round += 1) {
    const next = rest
      .replaceAll(/!?\[([^[\]]*)\]\((?:[^()]|\([^()]*\))*\)/gu, '$1')
      .replaceAll(/!?\[([^[\]]*)\]\[[^[\]]*\]/gu, '$1')
    if (next === rest) break
    rest = next
  }
  return rest
}
