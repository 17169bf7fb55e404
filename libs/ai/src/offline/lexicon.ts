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
  add answer apply arrange ask assign attend backup book borrow bring build buy call cancel change charge check clean
  clear collect compare complete confirm contact cook copy create cut debug decide delete deliver deploy donate
  download draft drop email empty exchange feed fetch fill finalize find finish fix follow forward get give hang help
  hire iron install invite invoice learn mail make merge message migrate move mow negotiate notify open order organize
  organise pack paint pay phone pick plan plant post practice prepare print publish pull push put read refill refund
  register remind remove renew rent repair replace reply request reschedule research reserve respond restart return
  review rewrite ring schedule sell send set ship sign sort start stop submit take talk tell test text tidy transfer
  translate try turn unsubscribe update upgrade upload vacuum verify visit wash water wrap write
  acheter appeler envoyer payer reserver preparer ecrire rappeler finir nettoyer verifier commander prendre rendre
  renouveler reparer repondre chercher apporter relire imprimer annuler
  comprar llamar enviar pagar reservar preparar escribir terminar limpiar revisar pedir recoger devolver renovar
  arreglar responder buscar llevar imprimir cancelar
  comprare chiamare inviare pagare prenotare preparare scrivere finire pulire controllare ordinare ritirare rinnovare
  riparare rispondere cercare portare stampare telefonare
  ligar mandar marcar escrever limpar verificar encomendar buscar consertar telefonar
  koop bel betaal stuur boek schrijf maak regel haal breng
  kop ring betala skicka boka skriv laga hamta stada lamna fixa
  kaufe rufe schicke bezahle buche schreibe mache hole bringe
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
  quality center centre sign list signs light gap house side market in-law down`)

/** Verbs that are more often nouns; they open an order only before an article or the like: "water the plants". */
export const doubtfulVerbs = list('water plant text ship post ring test paint practice')

/** What follows a doubtful verb in an order. */
export const determiners = list(`
  the a an my our your his her their this that these those all some every each both new old everyone everybody it them`)

/** Openings that leave no doubt about a task. */
export const taskMarkers: readonly RegExp[] = [
  /^\s*(?:[-*]\s*)?\[ \]\s+/u,
  /^\s*(?:to-?do|task|aufgabe|tarea|à faire|a faire|задача)\s*[:\-–]\s*/iu,
  /^\s*(?:please\s+)?(?:remind me|remember|don['’]?t forget|do not forget)\s+(?:to|about)?\s*/iu,
  /^\s*(?:i|we)\s+(?:really\s+)?(?:need|have|ought|must remember)\s+to\s+/iu,
  /^\s*(?:i|we)\s+must\s+/iu,
  /^\s*(?:need|must|gotta|got|have)\s+to\s+/iu,
  /^\s*(?:nicht vergessen|ich muss|wir müssen|denk dran)\s*[:,]?\s*/iu,
  /^\s*(?:ne pas oublier (?:de |d['’])?|n['’]oublie pas (?:de |d['’])?|il faut |je dois )\s*/iu,
  /^\s*(?:no olvidar |recordar |tengo que |hay que |recuérdame )\s*/iu,
  /^\s*(?:non dimenticare (?:di )?|devo |ricordarsi di )\s*/iu,
  /^\s*(?:não esquecer (?:de )?|preciso |tenho que )\s*/iu,
  /^\s*(?:не забыть |надо |нужно |не забути |треба |потрібно )\s*/iu,
]

/** Openings that leave no doubt about an idea. */
export const ideaMarkers: readonly RegExp[] = [
  /^\s*(?:idea|idee|idée|idea para|thought experiment|идея|ідея)\s*[:\-–]\s*/iu,
  /^\s*what if\b/iu,
  /^\s*(?:maybe|perhaps)\s+(?:we|i|one)\s+(?:could|should|can)\b/iu,
  /^\s*(?:we|one|someone)\s+could\b/iu,
  /^\s*how about\b/iu,
  /^\s*wouldn['’]?t it be\b/iu,
  /^\s*(?:was wäre,? wenn|vielleicht könnten wir|man könnte)\b/iu,
  /^\s*(?:et si (?:on|nous)|on pourrait)\b/iu,
  /^\s*(?:y si|podríamos|¿y si)(?=\s)/iu,
  /^\s*(?:а что если|что если|а що якщо|що якщо)(?=[\s,])/iu,
]

/** Words for things that take place at a time; with a date in the text they make it an event. */
export const eventWords: RegExp =
  /(?<![\p{L}])(?:meeting|lunch|dinner|breakfast|brunch|coffee|drinks|appointment|dentist|doctor|interview|concert|flight|birthday|party|wedding|conference|workshop|webinar|standup|stand-up|sync|1:1|exam|rehearsal|practice|game|match|theatre|cinema|treffen|termin|zahnarzt|abendessen|mittagessen|geburtstag|besprechung|konzert|réunion|rendez-vous|rdv|déjeuner|dîner|anniversaire|reunión|cita|cena|almuerzo|cumpleaños|dentista|riunione|appuntamento|pranzo|compleanno|reunião|consulta|jantar|almoço|vergadering|afspraak|tandarts|verjaardag|möte|tandläkare|middag|встреча|совещание|обед|ужин|врач|концерт|зустріч|нарада|обід|лікар)(?![\p{L}])/iu

/** Signs that something is being told, not asked for: past tense, reports, quotations, questions. */
export const narrative: readonly RegExp[] = [
  /\b(?:yesterday|ago|last (?:week|month|year|night|monday|tuesday|wednesday|thursday|friday|saturday|sunday))\b/iu,
  /(?<!\p{L})(?:gestern|hier soir|ayer|ieri|ontem|gisteren|igår|вчера|вчора)(?!\p{L})/iu,
  /\?\s*$/u,
  /^\s*["“„«]/u,
  /^\s*(?:i|we|he|she|they|you|it|this|that|there|the|these|those|my|our|his|her|their|everyone|nobody)\s/iu,
  /^\s*(?:ich|er|sie|wir|der|die|das|je|il|elle|le|la|les|yo|él|ella|el|los|las|io|lui|lei|eu|ele|ela|ik|hij|zij|jag|han|hon|я|он|она|мы|він|вона|ми)\s/iu,
]

/** A finite verb in the main clause of what began like an order: "Book prices rose", "Email is broken". */
export const statement: RegExp =
  /^(?:(?!\b(?:that|which|who|if|when|where|because|why|what|how|until|before|after|whether)\b).)*\b(?:is|was|are|were|isn['’]t|wasn['’]t|has been|have been|rose|fell|costs|means|seems|turned out|became|helps|makes)\b/iu
