/**
 * Lower case, compatibility forms unified, accents dropped: the form in which words are compared. `ё` and `й` lose
 * their marks like any other letter, which is harmless as both sides are folded.
 */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{M}+/gu, '')
    .toLowerCase()
}

const wordPattern = /[\p{L}\p{N}]+(?:['’][\p{L}]+)?/gu
const noSpaces = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u

/** Folded words in order. Runs of a script without spaces between words give their overlapping pairs of letters. */
export function wordsOf(text: string): string[] {
  const words: string[] = []
  for (const [word] of fold(text).matchAll(wordPattern)) {
    if (!noSpaces.test(word)) words.push(word)
    else words.push(...pairsOf(word))
  }
  return words
}

function pairsOf(run: string): string[] {
  const letters = Array.from(run)
  if (letters.length < 2) return letters
  return letters.slice(1).map((letter, index) => `${letters[index]}${letter}`)
}

/**
 * The most frequent words that carry no topic, folded, in the languages most captures are written in. They are not
 * proposed as tags and weigh little in the offline embedding.
 */
const stopWords = new Set(
  `a an and are as at be been but by can could did do does for from had has have he her his how i if in into is it its
  just me more my no not of on one or our out over she should so some than that the their them then there these they
  this to too up us was we were what when where which who will with would you your about after all also any because
  before being between both during each here him most must need only other same such through under until very while
  der die das den dem des ein eine einen einem einer und oder aber nicht ist sind war mit von zu zum zur im am auf aus
  bei fur als auch es ich du er sie wir ihr mein dein sein wie was noch nur wenn dass bitte
  le la les un une des du de et ou mais ne pas est sont ete avec pour sur dans par que qui il elle nous vous je tu mon
  ma mes son sa ses ce cette ces au aux se plus comme
  el los las una unos del y o pero es son con para por en que lo su sus mi tu se al como mas este esta
  il lo gli i una di e ma non sono con per tra fra che si al alla nel nella suo sua questo questa
  os as um uma do da dos das e mas nao com para por em no na que seu sua ao
  het een en of maar niet zijn met voor op te in van dat die ik jij hij wij ook nog
  och att det som en ett pa av for med till den har inte om ett var jag
  и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее мне было вот от
  і й та що не на з до це як у в за по http https www com org net html`
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(fold),
)

/** True for a folded word that carries no topic of its own. */
export function isStopWord(word: string): boolean {
  return stopWords.has(word)
}
