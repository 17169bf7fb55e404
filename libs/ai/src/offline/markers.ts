/** Openings that leave no doubt about a task. */
export const taskMarkers: readonly RegExp[] = [
  /^\s*(?:[-*+]\s*)?\[ \]\s+/u,
  /^\s*TODO[\s:–-]+/u,
  /^\s*(?:to[- ]?do|task|aufgabe|tarea|tarefa|compito|zadatak|taak|à faire|a faire|da fare|por hacer|задача)\s*[:\-–]\s*/iu,
  /^\s*(?:please\s+)?(?:remind me|remember|don['’]?t forget|do not forget)\s+(?:to|about)?\s*/iu,
  /^\s*(?:i|we)(?:\s+(?:really|still|also|just))?\s+(?:need|have|ought|must remember)\s+to\s+(?!have\b)/iu,
  /^\s*(?:i|we)(?:\s+(?:really|still))?\s+(?:must|should)\s+(?:not forget\s+)?(?!(?:have|not|be)\b)/iu,
  /^\s*(?:need|must|gotta|got|have)\s+to\s+/iu,
  /^\s*(?:bitte\s+)?(?:nicht vergessen|vergiss nicht|(?:ich muss|wir müssen)(?:\s+(?:noch|unbedingt))?|denk (?:dran|daran))\s*[:,]?\s*/iu,
  /^\s*erinnere? mich(?:\s+\p{L}+)?\s+(?:daran|an)\s*[:,]?\s*/iu,
  /^\s*(?:ne pas oublier (?:de |d['’])?|n['’]oublie pas (?:de |d['’])?|pense[rz]? à |rappelle-moi (?:de |d['’])|(?:il )?faut |je dois |on doit )\s*/iu,
  /^\s*(?:no olvid(?:ar|es) |recordar |acordarse de |acuérdate de |tengo que |tenemos que |debo |hay que |recuérdame )\s*/iu,
  /^\s*(?:non dimenticare? (?:di )?|(?:non )?scordare di |devo |dobbiamo |bisogna |ricord(?:arsi|ati|ami) di )\s*/iu,
  /^\s*(?:não (?:me )?esquecer (?:de )?|não esque(?:ça|ças) (?:de )?|lembrar(?:-me)? (?:de )?|preciso (?:de )?|precisamos (?:de )?|tenho (?:que|de) |temos (?:que|de) )\s*/iu,
  /^\s*(?:ne zaboravi(?:ti)? |ne smijem zaboraviti |podsjeti me da |moram |moramo |trebam |treba |sjeti se )\s*/iu,
  /^\s*(?:niet vergeten(?: om)? |vergeet niet (?:om )?|ik moet(?: nog)? |we moeten(?: nog)? |denk aan |herinner me eraan )\s*/iu,
  /^\s*(?:не забыть |надо |нужно |не забути |треба |потрібно )\s*/iu,
]

/** Openings that leave no doubt about an idea. */
export const ideaMarkers: readonly RegExp[] = [
  /^\s*(?:[\p{L}-]+\s+)?(?:idea|idee|idée|ideia|ideja)\s*[:–]\s*/iu,
  /^\s*(?:[\p{L}-]+idee)\s*[:–]\s*/iu,
  /^\s*(?:idea|idee|idée|ideia|ideja|thought experiment|идея|ідея)\s*(?:[:–]|\s-)\s*/iu,
  /^\s*what if\b/iu,
  /^\s*(?:maybe|perhaps)\s+(?:we|i|one|someone)\s+(?:could|should|can|might)\b/iu,
  /^\s*(?:we|one|someone|you)\s+could\b(?!\s+(?:have|not|see|hear|tell))/iu,
  /^\s*could\s+(?:we|one|i)\b/iu,
  /^\s*(?:how|what) about\b/iu,
  /^\s*why (?:not|don['’]?t we)\b/iu,
  /^\s*wouldn['’]?t it be\b/iu,
  /^\s*it(?:\s+would|['’]d) be (?:\p{L}+\s+)?(?:great|nice|cool|lovely|fun|good|interesting|useful|handy|neat) (?:if|to)\b/iu,
  /^\s*imagine (?:a|an|if|we|that|the)\b/iu,
  /^\s*was(?:,?\s+wenn|\s+wäre,?\s+wenn)\b/iu,
  /^\s*wie wäre es(?:,|\s)/iu,
  /^\s*(?:vielleicht\s+(?:könnten|sollten|können|sollte|könnte)|(?:wir|man)\s+könnten?)\s/iu,
  /^\s*es wäre (?:\p{L}+\s+)?(?:schön|toll|gut|cool|super|praktisch|nett),? (?:wenn|zu)\b/iu,
  /^\s*(?:warum nicht|stell dir vor)\b/iu,
  /^\s*(?:et si|et pourquoi pas|pourquoi (?:ne )?pas|on pourrait|nous pourrions|imagin(?:e|ons|ez))(?!\p{L})/iu,
  /^\s*peut-être (?:qu['’]on|que (?:nous|l['’]on)|pourrions)/iu,
  /^\s*ce serait (?:\p{L}+\s+)?(?:bien|chouette|génial|super|sympa|cool|beau|utile)(?!\p{L})/iu,
  /^\s*¿?(?:y si|qué tal si|por qué no|podríamos|se podría)(?!\p{L})/iu,
  /^\s*(?:quizás?|tal vez|a lo mejor)\s+(?:podríamos|podemos|deberíamos|se podría)(?!\p{L})/iu,
  /^\s*(?:estaría|sería) (?:\p{L}+\s+)?(?:bien|bueno|genial|bonito|estupendo|útil)(?!\p{L})/iu,
  /^\s*(?:e se|que tal|por que não|pod(?:er)?íamos|imagina)(?!\p{L})/iu,
  /^\s*talvez (?:pudéssemos|possamos|a gente|devêssemos|dê)(?!\p{L})/iu,
  /^\s*seria (?:\p{L}+\s+)?(?:bom|ótimo|legal|giro|bonito|útil)(?!\p{L})/iu,
  /^\s*(?:potremmo|si potrebbe|perché non|che ne dici|immagina)(?!\p{L})/iu,
  /^\s*(?:forse|magari)\s+(?:potremmo|possiamo|si potrebbe|dovremmo)(?!\p{L})/iu,
  /^\s*sarebbe (?:\p{L}+\s+)?(?:bello|carino|utile|fantastico|ideale)(?!\p{L})/iu,
  /^\s*(?:što ako|šta ako|a da|mogli bismo|kako bi bilo|zašto ne|zamisli)(?!\p{L})/iu,
  /^\s*možda (?:bismo|bi|da|možemo)(?!\p{L})/iu,
  /^\s*bilo bi (?:\p{L}+\s+)?(?:lijepo|dobro|super|zgodno|sjajno)(?!\p{L})/iu,
  /^\s*(?:wat als|waarom niet|stel je voor|we zouden|het zou (?:leuk|mooi|goed|fijn|handig))(?!\p{L})/iu,
  /^\s*misschien (?:kunnen|moeten|zouden) we(?!\p{L})/iu,
  /^\s*(?:а что если|что если|а що якщо|що якщо)(?=[\s,])/iu,
]

const happenings = `
  meeting|(?<=^\\s*)meet|lunch|dinner|breakfast|brunch|coffee|tea with|drinks|appointment|dentist|doctor|interview|concert|flight|
  birthday|party|wedding|conference|workshop|webinar|seminar|standup|stand-up|sync|1:1|exam|rehearsal|practice|game|
  match|theatre|cinema|offsite|off-site|retro|retrospective|kick-?off|demo|all-hands|town hall|catch-?up|call with|
  video call|phone call|conference call|haircut|hairdresser|barber|check-?up|physio|therapy|surgery|vet|class|lesson|
  course|training|session|ceremony|funeral|graduation|anniversary|festival|exhibition|barbecue|bbq|picnic|play ?date|
  hearing|tour|race|marathon|yoga|pilates|choir|book club|recital|opera|ballet|gig|screening|premiere|night out|
  game night|date night|movie night|parents['’] evening|open (?:day|evening|house)|viewing|train to|bus to|ferry to|
  meet ?up|get-?together|reunion|visit from|
  \\p{L}*(?:termin|treffen|feier|geburtstag|besprechung|konzert|sitzung|gespräch|prüfung|abend|probe)|zahnarzt|arzt|
  friseur|frühstück|(?:abend|mittag|weihnachts)essen|(?:essen|kaffee) mit|party|fest|hochzeit|konferenz|kino|theater|
  oper|training|kurs|meeting|telefonat|klausur|messe|ausflug|schulung|vortrag|führung|zug nach|flug nach|bus nach|
  réunion|rendez-vous|rdv|déjeuner|petit-déjeuner|dîner|anniversaire|concert|mariage|fête|soirée|spectacle|entretien|
  apéro|cinéma|théâtre|répétition|match|examen|conférence|dentiste|médecin|coiffeur|visite|atelier|formation|
  vernissage|baptême|cours de|(?:train|vol|bus) pour|
  reunión|cita|cena|almuerzo|desayuno|(?:comida|café) con|cumpleaños|dentista|médico|vuelo a|tren a|concierto|boda|
  fiesta|entrevista|clase de|partido|conferencia|taller|peluquería|ensayo|excursión|consulta|teatro|cine|
  riunione|appuntamento|pranzo|colazione|compleanno|visita|volo per|treno per|concerto|matrimonio|festa|colloquio|
  lezione|esame|partita|conferenza|parrucchiere|caffè con|prove|aperitivo|
  reunião|jantar|almoço|café com|aniversário|voo para|trem para|comboio para|casamento|aula|exame|prova|jogo|palestra|
  ensaio|churrasco|
  sastanak|ručak|večera|doručak|kava s|piće s|zubar|liječnik|doktor|pregled|rođendan|let za|vlak za|autobus za|koncert|
  vjenčanje|svadba|zabava|proslava|intervju|razgovor|ispit|utakmica|konferencija|radionica|predavanje|proba|trening|
  frizer|kazalište|predstava|roditeljski|izlet|druženje|
  vergadering|afspraak|etentje|ontbijt|koffie met|tandarts|huisarts|kapper|verjaardag|bruiloft|feest|vlucht|
  trein naar|wedstrijd|voorstelling|borrel|bespreking|overleg|
  möte|tandläkare|middag|
  встреча|совещание|обед|ужин|врач|концерт|зустріч|нарада|обід|лікар`

/** Words for things that take place at a time; with a date in the text they make it an event. */
export const eventWords = new RegExp(`(?<!\\p{L})(?:${happenings.replaceAll(/\n\s*/gu, '')})(?!\\p{L})`, 'iu')

/** Before the word for a happening: the text is about something of it, or says that there is none. */
export const notTheEvent =
  /(?<!\p{L})(?:no|not|from|for|of|about|after|notes?|minutes|recap|kein|keine|ohne|nach|notizen|protokoll|vom|über|pas|sans|notes|compte rendu|sin|notas|acta|nessuna?|appunti|verbale|sem|atas?|nema|bilješke|zapisnik|sa|nakon|geen|notulen|na)(?!\p{L})/iu

/** A finite verb: somebody tells of a happening. */
export const eventStatement =
  /(?<!\p{L})(?:is|was|are|were|will|has|had|isn['’]t|wasn['’]t|cancelled|canceled|postponed|moved|ist|war|sind|waren|fällt|wird|wurde|est|sont|était|sera|estuvo|está|están|fue|es|será|é|foi|está|será|è|sono|era|sarà|je|bila|bio|bilo|su|nije|bit|liggen|wordt|werd)(?!\p{L})/iu

/** Signs that something is being told, not asked for: past tense, reports, quotations, questions. */
export const narrative: readonly RegExp[] = [
  /\b(?:yesterday|ago|last (?:week|month|year|night|monday|tuesday|wednesday|thursday|friday|saturday|sunday))\b/iu,
  /(?<!\p{L})(?:gestern|hier soir|ayer|ieri|ontem|gisteren|igår|вчера|вчора)(?!\p{L})/iu,
  /\?\s*$/u,
  /^\s*["“„«]/u,
  /^\s*(?:i|we|he|she|they|you|it|this|that|there|the|these|those|my|our|his|her|their|everyone|nobody)\s/iu,
  /^\s*(?:ich|er|sie|wir|der|die|das|je|il|elle|le|la|les|yo|él|ella|el|los|las|io|lui|lei|eu|ele|ela|ik|hij|zij|jag|han|hon|я|он|она|мы|він|вона|ми)\s/iu,
]
