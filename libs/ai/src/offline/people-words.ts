import { fold } from '../words.ts'

const entries = (text: string): string[] =>
  text
    .split(/\s+/u)
    .filter((entry) => entry !== '')
    .map((entry) => entry.replaceAll('_', String.raw`\s+`))

/** Verbs right before the name of the one they reach; lower case, `_` for a space. */
export const directVerbs = entries(`
  call phone ask email e-mail text tell meet thank remind invite congratulate
  talk_to talk_with talked_to talked_with speak_to speak_with spoke_to spoke_with met_with meet_with chat_with chatted_with
  reply_to write_to
  frag frage ruf rufe triff erinnere
  appeler appelle rappeler rappelle demander_à demande_à écrire_à écris_à téléphoner_à dire_à parler_à inviter remercier
  llamar_a llama_a preguntar_a pregunta_a dile_a decirle_a escribir_a escribe_a avisar_a
  chiamare chiama chiedi_a chiedere_a scrivi_a scrivere_a di'_a telefonare_a ringraziare
  ligar_à ligar_ao ligar_para_a ligar_para_o ligar_para perguntar_à perguntar_ao perguntar_a falar_com falar_com_a falar_com_o
  avisar_a avisar_o
  nazovi nazvati pitaj pitati javi pozovi podsjeti
  bel vraag herinner`)

/** Meetings, which somebody has with somebody. */
export const meetings = entries(`
  meeting lunch dinner breakfast brunch coffee drinks tea call appointment interview chat talk walk date session 1:1
  catch-up catch_up sync
  treffen termin mittagessen abendessen frühstück kaffee telefonat gespräch verabredung meeting interview
  déjeuner dîner café rendez-vous réunion rdv entretien appel
  cena comida almuerzo desayuno café reunión cita entrevista llamada
  pranzo cena colazione caffè appuntamento riunione incontro colloquio
  almoço jantar café reunião encontro consulta
  kava kavu ručak večera sastanak dogovor
  lunch diner koffie afspraak vergadering gesprek overleg`)

export const withWords = entries('with mit avec con com s sa met')

/** Forms of address before a name, as a pattern; whatever stands behind one is a person. */
export const titles = [
  String.raw`(?:Dr|Prof|Mr|Mrs|Ms|Sr|Sra|Srta|Dra|Mme|Mlle|dott|Dott|dott\.ssa|Dott\.ssa|dr|prof)\.`,
  'Mr|Mrs|Ms|Mme|Mlle|Professor|Madame|Monsieur|docteur|Docteur|señor|señora|Señor|Señora',
  'signor|signora|Signor|Signora|senhor|senhora|Senhor|Senhora|gospodin|gospodinom|gospođa|gospođu|gospođom|gospođi',
  'mevrouw|Mevrouw|meneer|Meneer',
].join('|')

/** Folded words that stand behind such verbs and are no names of people. */
export const neverPeople = new Set(
  entries(`
  monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
  october november december today tomorrow tonight easter christmas
  montag dienstag mittwoch donnerstag freitag samstag sonntag januar februar marz mai juni juli oktober dezember morgen
  heute weihnachten ostern
  lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miercoles jueves viernes sabado domingo
  lunedi martedi mercoledi giovedi venerdi ponedjeljak utorak srijeda cetvrtak petak subota nedjelja
  maandag dinsdag woensdag donderdag vrijdag zaterdag zondag
  mom mum mummy dad daddy mama papa grandma grandpa granny oma opa mutti vati maman tante onkel auntie aunt uncle mutter
  vater bruder schwester eltern mami papi tata baka
  google amazon apple microsoft siri alexa chatgpt claude copilot gemini openai facebook meta instagram whatsapp slack
  zoom teams github gitlab netflix spotify paypal stripe ebay airbnb uber lyft booking ikea lidl aldi rewe tesco walmart
  costco vodafone telekom o2 verizon t-mobile comcast at&t orange movistar telefonica telenor swisscom bouygues sfr free
  enel eni tim windtre iberdrola endesa edp meo nos hep ziggo kpn odido eneco
  dhl ups fedex usps dpd hermes correos ctt post postnl laposte royal
  lufthansa ryanair iberia easyjet klm tap delta united emirates transavia trenitalia renfe sncf bahn
  siemens bosch bmw vw volkswagen tesla toyota ford volvo audi samsung sony nokia dell hp lenovo ibm oracle sap
  allianz axa generali aok barmer zurich geico sparkasse postbank commerzbank unicredit santander bbva barclays hsbc chase
  ing revolut klarna n26 visa mastercard
  docker kubernetes terraform react python java windows linux android chrome firefox excel word photoshop
  berlin munich hamburg cologne vienna zurich london paris lyon brussels bruxelles madrid barcelona rome roma milan milano
  torino lisbon lisboa porto zagreb split amsterdam rotterdam york chicago boston washington tokyo dublin prague
  city hall customer service support sales finance accounting marketing legal engineering management reception security
  payroll council bank insurance office school university church police team hr it the a an my our your his her their
  kundenservice kundendienst hausverwaltung vermieter vermieterin nachbarn nachbar nachbarin kollegen kollegin kollege
  arzt arztin zahnarzt zahnarztin handwerker versicherung werkstatt schule kita finanzamt amt gemeinde stadtwerke rathaus
  notar makler steuerberater anwalt friseur hausarzt bank firma freunde freunden familie kinder kindern freude
  mairie banque prefecture securite seguranca social hacienda ayuntamiento comune inps ufficio banca
  hrvatski hrvatska croatia gradska opcina gemeente belastingdienst huisarts tandarts
  dr prof mr mrs ms sr sra srta dra mme mlle dott hr fr frau herr herrn
  kunde kunden kundin chef chefin mieter mieterin lieferant lieferanten lehrer lehrerin klempner elektriker maler gartner
  therapeut therapeutin trainer trainerin partner partnerin schwiegereltern vorstand betriebsrat presse verwandten leuten
  mannern frauen studenten schulern gasten klienten patienten bekannten hund katze
  mamie papy meme pepe abuela abuelo nonna nonno moeder vader mamma mae pai tia tio tata
  me you us it him them everything nothing anything all both
  center centre queue broker store editor box air ami canto newsletter congress banco
  everyone everybody someone somebody people guests clients customers god santa`).map(fold),
)

/** Folded German words that name a trade, an office or a thing by how they end; nouns stand there with capitals as names do. */
export const trades =
  /(?:berater|beraterin|handler|handlerin|meister|meisterin|leiter|leiterin|leitung|verwaltung|versicherung|firma|service|dienst|dienste|abteilung|arzt|arztin|arzte|praxis|amt|kasse|bank|heit|keit|schaft|ungen|innen|anwalt|anwaltin|besitzer|betreuer|betreuerin|techniker|installateur|makler|agentur|gruppe|verein|werk|werke)$/u
