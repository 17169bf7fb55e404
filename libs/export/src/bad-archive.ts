/** The file is not a whole export; the message says what is wrong with it, in words that follow "the archive:". */
export class BadArchive extends Error {
  override readonly name = 'BadArchive'
}
