/** How a language speaks of days and times; every text is the source of a pattern, case ignored. */
export interface CalendarWords {
  /** Days from today, with the words for them; a part of the day may follow or be within. */
  relative: readonly (readonly [source: string, days: number])[]
  /** Monday first. */
  weekdays: readonly string[]
  /** January first; all of them in the case that follows a number. */
  months: readonly string[]
  /** A day named by its number alone, where the language has a sign for that; with a group `day`. */
  numbered?: string
  /** Between day and month, after the day's number. */
  ofMonth: string
  /** "in", and what is counted. */
  ahead: string
  units: Readonly<Record<'minute' | 'hour' | 'day' | 'week' | 'month', string>>
  numbers: readonly string[]
  endOfMonth: string
  /** Before a time of day. Null where the number alone would be taken for something else. */
  at: string
  /** After an hour in digits. */
  oClock: string
  noon: string
}

const list = (text: string): string[] => text.split(' ')

const de: CalendarWords = {
  relative: [
    ['übermorgen', 2],
    ['heute(?:\\s+(?:früh|morgen|vormittag|mittag|nachmittag|abend|nacht))?', 0],
    ['(?<!guten?\\s)morgen(?:\\s+(?:früh|vormittag|mittag|nachmittag|abend|nacht))?', 1],
  ],
  weekdays: list('montag dienstag mittwoch donnerstag freitag (?:samstag|sonnabend) sonntag').map(
    (day) => `${day}(?:abend|morgen|vormittag|nachmittag|mittag)?`,
  ),
  months: list(
    'j[äa]n(?:uar|ner)? feb(?:ruar)? märz apr(?:il)? mai juni? juli? aug(?:ust)? sep(?:tember)? okt(?:ober)? nov(?:ember)? dez(?:ember)?',
  ),
  numbered:
    '(?<=(?:am|zum)\\s)(?<day>\\d{1,2})\\.(?=$|\\s*[,;!?)\\n]|\\s+(?:um|gegen|ab|mit|und|oder|für|bei)\\s)',
  ofMonth: '\\.?\\s*',
  ahead: 'in',
  units: {
    minute: 'minuten?',
    hour: 'stunden?',
    day: 'tag(?:en)?',
    week: 'wochen?',
    month: 'monat(?:en)?',
  },
  numbers: list('eine[mr]? zwei drei vier fünf sechs sieben acht neun zehn'),
  endOfMonth: '(?:monatsende|ende\\s+(?:des|dieses)\\s+monats)',
  at: '(?:um|gegen|ab)\\s+',
  oClock: '\\s*(?:uhr|h)',
  noon: '(?:mittags|zu\\s+mittag)',
}

const nl: CalendarWords = {
  relative: [
    ['overmorgen', 2],
    ['(?:vandaag|vanavond|vanmiddag|vannacht|vanochtend)', 0],
    ['(?<!goede\\s?)morgen(?:(?:vroeg|ochtend|middag|avond)|\\s+(?:vroeg|ochtend|middag|avond))?', 1],
  ],
  weekdays: list('maandag dinsdag woensdag donderdag vrijdag zaterdag zondag').map(
    (day) => `${day}(?:avond|ochtend|middag)?`,
  ),
  months: list('januari februari maart april mei juni juli augustus september oktober november december'),
  ofMonth: '\\s+',
  ahead: 'over',
  units: {
    minute: 'minuten|minuut',
    hour: 'uur|uren',
    day: 'dag(?:en)?',
    week: 'we(?:ek|ken)',
    month: 'maand(?:en)?',
  },
  numbers: list('(?:een|één) twee drie vier vijf zes zeven acht negen tien'),
  endOfMonth: '(?:einde?\\s+van\\s+de\\s+maand|eind\\s+van\\s+de\\s+maand)',
  at: '(?:om|rond)\\s+',
  oClock: '\\s*(?:uur|u)',
  noon: '(?:12\\s+uur\\s+’s\\s+middags)',
}

const fr: CalendarWords = {
  relative: [
    ['après[-\\s]demain', 2],
    ["(?:aujourd[’']hui|ce\\s+(?:soir|matin|midi)|cet\\s+après-midi|cette\\s+nuit)", 0],
    ['demain(?:\\s+(?:matin|soir|après-midi))?', 1],
  ],
  weekdays: list('lundi mardi mercredi jeudi vendredi samedi dimanche').map(
    (day) => `${day}(?:\\s+(?:matin|soir|après-midi))?`,
  ),
  months: list(
    'janv(?:ier|\\.)? févr(?:ier|\\.)? mars avr(?:il|\\.)? mai juin juil(?:let|\\.)? août sept(?:embre|\\.)? oct(?:obre|\\.)? nov(?:embre|\\.)? déc(?:embre|\\.)?',
  ),
  ofMonth: '(?:er)?\\s+',
  ahead: "(?:dans|d[’']ici)",
  units: { minute: 'minutes?', hour: 'heures?', day: 'jours?', week: 'semaines?', month: 'mois' },
  numbers: list('une? deux trois quatre cinq six sept huit neuf dix'),
  endOfMonth: 'fin\\s+du\\s+mois',
  at: '(?:à|vers|dès)\\s+',
  oClock: '\\s*(?:h|heures?)',
  noon: 'midi',
}

const es: CalendarWords = {
  relative: [
    ['pasado\\s+mañana', 2],
    ['(?:hoy|esta\\s+(?:noche|tarde|mañana))', 0],
    ['(?<!(?:la|esta|cada)\\s)mañana(?:\\s+por\\s+la\\s+(?:mañana|tarde|noche))?', 1],
  ],
  weekdays: list('lunes martes miércoles jueves viernes sábado domingo').map(
    (day) => `(?<!los\\s)${day}(?:\\s+por\\s+la\\s+(?:mañana|tarde|noche))?`,
  ),
  months: list('enero febrero marzo abril mayo junio julio agosto sep?tiembre octubre noviembre diciembre'),
  ofMonth: '\\s+de\\s+',
  ahead: '(?:en|dentro\\s+de)',
  units: { minute: 'minutos?', hour: 'horas?', day: 'días?', week: 'semanas?', month: 'mes(?:es)?' },
  numbers: list('una? dos tres cuatro cinco seis siete ocho nueve diez'),
  endOfMonth: '(?:fin(?:al)?(?:es)?\\s+de(?:l)?\\s+mes)',
  at: '(?:a\\s+las?|sobre\\s+las?)\\s+',
  oClock: '\\s*(?:h|horas)',
  noon: '(?:al\\s+mediodía)',
}

const pt: CalendarWords = {
  relative: [
    ['depois\\s+de\\s+amanhã', 2],
    ['hoje(?:\\s+(?:à|de)\\s+(?:noite|tarde|manhã))?', 0],
    ['amanhã(?:\\s+(?:à|de|pela)\\s+(?:noite|tarde|manhã))?', 1],
  ],
  // Without "-feira" most of them are ordinals too, so a preposition has to stand before.
  weekdays: [
    ...list('segunda terça quarta quinta sexta').map(
      (day) => `(?:${day}-feira|(?<=(?:n?esta|na|até|para|de|próxima)\\s)${day})`,
    ),
    'sábado',
    'domingo',
  ].map((day) => `${day}(?:\\s+(?:à|de)\\s+(?:noite|tarde|manhã))?`),
  months: list('janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro'),
  ofMonth: '[ºo]?\\s+de\\s+',
  ahead: '(?:em|dentro\\s+de|daqui\\s+a)',
  units: { minute: 'minutos?', hour: 'horas?', day: 'dias?', week: 'semanas?', month: 'm[êe]s(?:es)?' },
  numbers: list('uma? (?:dois|duas) três quatro cinco seis sete oito nove dez'),
  endOfMonth: '(?:fim|final)\\s+do\\s+mês',
  at: '(?:às?|pelas)\\s+',
  oClock: '\\s*(?:h|horas)',
  noon: '(?:ao\\s+meio-dia)',
}

const it: CalendarWords = {
  relative: [
    ['dopodomani', 2],
    ['(?:oggi|stasera|stamattina|stanotte|oggi\\s+pomeriggio)', 0],
    ['domani(?:\\s+(?:mattina|sera|pomeriggio))?', 1],
  ],
  weekdays: list('lunedì martedì mercoledì giovedì venerdì sabato domenica').map(
    (day) => `${day}(?:\\s+(?:mattina|sera|pomeriggio))?`,
  ),
  months: list(
    'gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre',
  ),
  ofMonth: '[°º]?\\s+',
  ahead: '(?:tra|fra)',
  units: {
    minute: 'minut[oi]',
    hour: 'or[ae]',
    day: 'giorn[oi]',
    week: 'settiman[ae]',
    month: 'mes[ei]',
  },
  numbers: list("un[oa']? due tre quattro cinque sei sette otto nove dieci"),
  endOfMonth: 'fine\\s+(?:del\\s+)?mese',
  at: "(?:alle|verso\\s+le|dalle|all['’])\\s*",
  oClock: '\\s*(?:h|ore)',
  noon: '(?:a\\s+mezzogiorno)',
}

const hr: CalendarWords = {
  relative: [
    ['prekosutra', 2],
    ['(?:danas|večeras|noćas|jutros)', 0],
    ['(?:sutra(?:\\s+(?:ujutro|navečer|popodne|prijepodne))?|sutradan)', 1],
  ],
  weekdays: list(
    'ponedjelj(?:ak|ka) utor(?:ak|ka) srijed[aue] četvrt(?:ak|ka) pet(?:ak|ka) subot[aue] nedjelj[aue]',
  ).map((day) => `${day}(?:\\s+(?:ujutro|navečer|popodne))?`),
  months: list(
    'siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna listopada studenoga? prosinca',
  ),
  ofMonth: '\\.?\\s*',
  ahead: 'za',
  units: {
    minute: 'minut[aue]',
    hour: 'sat[ai]?',
    day: 'dan[a]?',
    week: 'tjed(?:an|na)',
    month: 'mjesec[ai]?',
  },
  numbers: list('(?:jedan|jednu) dv(?:a|ije) tri četiri pet šest sedam osam devet deset'),
  endOfMonth: 'kra(?:ja|j)\\s+mjeseca',
  at: '(?:u|oko|od)\\s+',
  oClock: '\\s*(?:sati|sata|sat|h)',
  noon: '(?:u\\s+podne)',
}

/** By ISO 639-1. English and others are left to chrono-node, which has no Croatian and misses much of these. */
export const calendarWords: Readonly<Record<string, CalendarWords>> = { de, nl, fr, es, pt, it, hr }
