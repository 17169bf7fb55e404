/** A tag's name as it is shown: NFC, without surrounding or repeated white space. */
export function tidyTagName(name: string): string {
  return name.normalize('NFC').trim().replace(/\s+/gu, ' ')
}

/** The form in which tags of one user are unique: `Café  Noir` and `CAFÉ noir` are one tag. */
export function normaliseTagName(name: string): string {
  return tidyTagName(name).toLowerCase().normalize('NFC')
}
