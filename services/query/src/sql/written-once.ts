const texts = new Map<string, string>()

/** The text of a statement by its name: to write one out takes a good part of a search. The name says all that the text depends on. */
export function writtenOnce(name: string, write: () => string): string {
  const known = texts.get(name)
  if (known !== undefined) return known
  const text = write()
  texts.set(name, text)
  return text
}
