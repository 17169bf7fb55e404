import { fold } from '../words.ts'

/** Words of a list, folded as the rules compare them. `_` stands for a space inside an entry. */
function list(text: string): Set<string> {
  return new Set(
    text
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((word) => fold(word.replaceAll('_', ' '))),
  )
}

/** Verbs that open an order to oneself: "buy milk", "acheter du lait", "Купить молоко". */
export const openingVerbs = list(`
  add adjust answer apply archive arrange ask assemble assign attend backup bake book borrow bring build buy calculate
  call cancel carry change charge check choose clean clear close collect compare compile complete configure confirm
  consult contact convert cook copy correct create cut debug decide declutter decorate define defrost delete deliver
  deploy descale develop disable discuss donate download draft drop email empty enable enrol enroll evaluate examine
  exchange expense explain explore extend extract feed fetch figure_out fill finalise finalize find finish fix follow
  forward gather get give grab hand hang help hire identify implement improve inform inspect install introduce
  investigate invite invoice iron learn lend let look mail make measure mend merge message migrate move mow negotiate
  notify nudge open order organise organize outline pack paint pay phone pick ping plan plant polish post practice
  prepare print propose publish pull push put read rebook rebuild recharge record recycle reduce redo refactor refill
  refund register remind remove rename renew rent reorder repair replace reply repot request reschedule research
  reserve reset resolve respond restart retrieve return review revise rewrite ring rinse rotate sand save scan schedule
  scrub search sell send separate set sew share sharpen ship shop sign solve sort speak start stop store submit
  subscribe sweep swap switch take talk tell test text thank throw tidy tighten transfer translate transport trim try
  turn unpack unsubscribe update upgrade upload vacuum validate verify visit vote wash watch water weed wipe wish
  withdraw wrap write
  acheter appeler envoyer payer reserver preparer ecrire rappeler finir nettoyer verifier commander prendre rendre
  renouveler reparer repondre chercher apporter relire imprimer annuler faire sortir signer relancer ranger laver
  appelle achete envoie paie paye reserve prepare ecris rappelle finis nettoie verifie commande prends rends range lave
  demande apporte imprime annule fais sors signe va
  comprar llamar enviar pagar reservar preparar escribir terminar limpiar revisar pedir recoger devolver renovar
  arreglar responder buscar llevar imprimir cancelar hacer cambiar lavar preguntar
  llama compra envia paga prepara escribe termina limpia revisa pide recoge devuelve busca lleva imprime cancela haz
  comprare chiamare inviare pagare prenotare preparare scrivere finire pulire controllare ordinare ritirare rinnovare
  riparare rispondere cercare portare stampare telefonare mandare fare
  compra chiama invia prenota scrivi finisci pulisci controlla ordina ritira rinnova ripara rispondi cerca porta stampa
  telefona manda
  ligar mandar marcar escrever limpar verificar encomendar buscar consertar telefonar fazer
  compre ligue envie pague marque escreva mande leve busque liga envia marca
  koop bel betaal stuur boek schrijf maak regel haal breng vraag
  kop ring betala skicka boka skriv laga hamta stada lamna fixa
  kauf kaufe ruf rufe schick schicke bezahl bezahle buch buche schreib schreibe mach mache hol hole bring bringe kundige
  frag frage bestell bestelle prufe putz putze giess reservier reserviere besorg besorge
  kupi nazovi posalji plati napravi javi uzmi donesi odnesi provjeri popravi pozovi napisi procitaj ocisti operi naruci
  rezerviraj vrati podigni zalij nahrani pokupi pripremi odgovori otkazi pitaj isprintaj spremi
  купить позвонить отправить оплатить заказать написать подготовить забрать проверить починить убрать ответить
  записаться продлить вернуть найти сделать закончить
  купити подзвонити надіслати сплатити замовити написати підготувати забрати перевірити полагодити прибрати
  відповісти записатися продовжити повернути знайти зробити закінчити`)

/** Infinitives that close an order to oneself: "Milch kaufen", "melk kopen". */
export const closingVerbs = list(`
  kaufen anrufen schicken senden bezahlen zahlen buchen reservieren schreiben abholen bringen putzen reparieren
  bestellen beantworten vorbereiten erledigen kundigen verlangern ausdrucken drucken lesen prufen waschen giessen
  absagen abschliessen aufraumen einkaufen uberweisen mitbringen vereinbaren besorgen abgeben einreichen wechseln
  kopen bellen betalen sturen boeken schrijven ophalen brengen schoonmaken repareren bestellen regelen verlengen
  afspreken opruimen halen inleveren`)

/** After one of these the opening verb was a noun or the text a statement: "Call of duty", "Book review". */
export const nounFollowers = list(`
  of is was are were has had will would from review reviews club store shop report reports price prices rate rates
  quality center centre sign list signs light gap house side market in-law down engine button number numbers list
  battery room attention case day time work me_maybe`)

/** Verbs that are more often nouns; they open an order only before an article, a name, or the like. */
export const doubtfulVerbs = list(`
  water plant text ship post ring test paint practice close share store record watch search switch measure iron hand
  shop sand scan trim vote message ping nudge invoice wish demande commander marca compra busca commande range
  signe liga porta cerca visit change return`)

/** What follows a doubtful verb in an order. */
export const determiners = list(`
  the a an my our your his her their this that these those all some every each both new old everyone everybody it them
  le la les un une des mes mon ma nos notre el los las una unos mi il lo gli i o os as um uma meu minha`)

/** Ends of infinitives, of words that open a text in French, Spanish, Portuguese and Italian; folded. */
export const infinitiveEnd = /^\p{L}{2,}(?:er|ir|re|ar|are|ere|ire|arsi|irsi|ersi|arse|irse)$/u

/** The same of Croatian, not folded; nouns of these ends are left out. */
export const croatianInfinitive =
  /^(?!(?:sati|svati|noći|ponoći|moći|sreći|braći|kući)$)\p{L}+(?:[aieu]ti|[aieou]ći|(?<!vi)jesti|sresti|vesti)$/u

/** What follows an infinitive in an order of those languages; folded. */
export const romanceFollowers = list(`
  le la les l un une des du de d mon ma mes son sa ses notre nos votre vos ce cette ces a au aux en avec pour chez sur
  el los las lo una unos unas al del mi mis su sus con por para
  il i gli dei delle della dello di da alla allo ai per tra
  o os as um uma uns umas do da dos das ao no na meu minha com`)

/** A finite verb after an infinitive: "Acheter une maison coûte cher", "Kupiti kuću je skupo". */
export const romanceStatement =
  /(?<!\p{L})(?:est|sont|était|coûte|demande|rend|permet|fait|es|cuesta|fue|requiere|é|custa|foi|exige|è|costa|richiede|rende|je|nije|košta|bilo)(?!\p{L})/u

/** German words that end like infinitives and are none, by how they end; folded. */
export const participleEnd =
  /(?:^ge(?!ben|hen|niess|winn|stalt|wohn|denk)|loren|gessen|schoben|funden|kommen|schieden|schienen|sunken|boten|schlossen|standen|gangen|nommen|trieben|gen$(?<!ringen|fragen|sagen|tragen|legen|gen$))/u

/** A finite verb in the main clause of what began like an order: "Book prices rose", "Email is broken". */
export const statement: RegExp =
  /^(?:(?!\b(?:that|which|who|if|when|where|because|why|what|how|until|before|after|whether)\b).)*\b(?:is|was|are|were|isn['’]t|wasn['’]t|has been|have been|rose|fell|went|came|got|grew|told|said|felt|kept|lost|won|ran|began|works|worked|liked|died|failed|arrived|costs|cost|means|seems|turned out|became|helps|makes)\b/iu
