// Words of what crisis teams work with, Dutch and English side by side; where the command line has
// one, the same under the same name.
import type { AssistanceTrouble } from "../gen/polder/v1/assistance_pb.ts";
import type { RequestState } from "../gen/polder/v1/assistance_request_pb.ts";
import type { CountBasis } from "../gen/polder/v1/count_pb.ts";
import type { SitrepTheme } from "../gen/polder/v1/sitrep_pb.ts";
import type { Section } from "../gen/polder/v1/incident_pb.ts";
import type { DigestReason } from "../gen/polder/v1/situation_service_pb.ts";
import type { MatterSort } from "../gen/polder/v1/team_service_pb.ts";
import type { Lang } from "./index.ts";
import { publicPairs } from "./public.ts";
import { watchPairs } from "./watch.ts";

type Pair = readonly [nl: string, en: string];

const words = {
  ...watchPairs,
  ...publicPairs,
  // As the command line has them.
  open: ["open", "open"],
  decided: ["besloten", "decided"],
  differ: ["versies verschillen", "versions differ"],
  saysSo: ["de een zegt de ander tegen te spreken", "one says that it contradicts the other"],
  agrees: ["daarmee te rijmen", "in line with it"],
  expected: ["verwacht", "expected"],
  source: ["bron", "source"],
  basis: ["grondslag", "basis"],
  old: ["oud", "old"],
  versionsMore: ["versies meer", "versions more"],
  contradictionsMore: ["tegenspraken meer", "contradictions more"],
  tooManyVersions: ["er zijn te veel versies bij betrokken: meer dan waarop een besluit kan rusten", "too many versions take part: more than a decision can rest on"],
  situation: ["Situatiebeeld", "Situation picture"],
  withoutWord: ["partijen zonder woord", "parties without a word"],
  clocks: ["Klokken", "Clocks"],
  inTime: ["op tijd:", "in time:"],
  clockDescription: ["eerste beschrijving", "first description"],
  clockProcessing: ["geverifieerd en geplaatst", "verified and placed"],
  clockTooLate: ["te laat", "too late"],
  clockMet: ["gereed", "done"],
  clockLeft: ["nog", "left:"],
  noOwner: ["niemand houdt het bij", "nobody keeps it"],
  staleNotShown: ["verouderd en niet getoond", "stale and not shown"],
  digestEmpty: ["Niets om te zien.", "Nothing to be seen."],
  heldBack: ["Achtergehouden", "Held back"],
  scalingTitle: ["Fase, GRIP en teams", "Phase, GRIP and teams"],
  began: ["gestart", "began"],
  ended: ["beëindigd", "ended"],
  calledIn: ["het plan roept op", "the plan brings in"],
  digest: ["Het eerst te zien", "To be seen first"],
  digestFor: ["Gelezen voor", "Read for"],
  everyColumn: ["alle kolommen", "all columns"],
  sections: ["Onderdelen van het beeld", "Sections of the picture"],
  nobodyFilled: ["niemand heeft het gevuld", "nobody has filled it"],
  lastWord: ["laatste woord", "last word"],
  partiesHeard: ["Partijen", "Parties"],
  neverSpoke: ["heeft niets gezegd", "has said nothing"],
  silent: ["zwijgt", "silent"],
  ofWhichStale: ["waarvan verouderd", "of which stale"],
  partiesMore: ["partijen meer", "parties more"],
  handover: ["Overdracht", "Hand-over"],
  handoverSince: ["sinds", "since"],
  overdue: ["Te laat", "Overdue"],
  stillOpen: ["Open", "Open"],
  decidedSince: ["Besloten", "Decided"],
  changedSince: ["Veranderd, het dringendste eerst", "Changed, most urgent first"],
  expectedAhead: ["Verwacht", "Expected"],
  contradicting: ["Tegenspraken", "Contradicting"],
  silentParties: ["Niets gezegd", "Said nothing"],
  nothingThere: ["geen", "none"],
  moreLines: ["meer", "more"],
  due: ["uiterlijk", "due"],
  sitrep: ["Sitrep", "Sitrep"],
  aDraft: ["concept", "draft"],
  issued: ["Uitgegeven", "Issued"],
  issuedBy: ["Door", "By"],
  pictureOf: ["Beeld van", "Picture of"],
  scaling: ["Opschaling", "Scaling"],
  nextOne: ["Volgende", "Next"],
  sitrepRecalled: ["INGETROKKEN", "RECALLED"],
  staleLeftOut: ["verouderde items weggelaten", "stale items left out"],
  moreLeftOut: ["verdere items weggelaten", "further items left out"],
  noSitreps: ["Er is geen sitrep uitgegeven.", "No sitrep has been issued."],
  noDifference: ["Ze sommen hetzelfde op.", "They list the same."],
  noAssistance: ["Niemand vroeg om bijstand of bood die aan.", "Nobody asked for help or offered any."],
  freeOffers: ["Aangeboden aan wie het nodig heeft", "Offered to whoever needs it"],
  requestsMore: ["aanvragen meer", "requests more"],
  offersMore: ["aanbiedingen meer", "offers more"],
  helpLate: ["te laat", "late"],
  askedFor: ["gevraagd", "asked"],
  accepted: ["aanvaard", "accepted"],
  short: ["tekort", "short"],
  toBeHad: ["nog te krijgen", "can be had"],
  enRoute: ["onderweg", "en route"],
  arrived: ["aangekomen", "arrived"],
  givenBack: ["vrijgegeven", "released"],
  offerUnseen: ["een aanbod dat hier niet te zien is", "an offer that is not to be seen here"],
  // Of the page alone.
  team: ["Team", "Team"],
  decide: ["Besluit hierover …", "Decide on this …"],
  decideHelp: ["Uw besluit noemt elke versie hierboven als grond. Komt er een nieuwe versie, dan staat de tegenspraak weer open.",
    "Your decision cites every version above. A new version opens the contradiction again."],
  startFrom: ["Wij gaan uit van", "We go by"],
  whatDecided: ["Wat er besloten is", "What was decided"],
  whoDecided: ["Wie besloot: team of functie", "Who decided: team or office"],
  why: ["Waarom", "Why"],
  recordDecision: ["Leg het besluit vast", "Record the decision"],
  decisionSent: ["Besluit verstuurd.", "Decision sent."],
  decidedOnes: ["Waarover besloten is", "Decided on"],
  showEntry: ["Toon in het beeld", "Show in the picture"],
  handoverTab: ["Overdracht en gaten", "Hand-over and gaps"],
  sitrepsTab: ["Sitreps", "Sitreps"],
  helpTab: ["Bijstand", "Help"],
  shiftBegan: ["De dienst begon om", "The shift began at"],
  lastHours: ["laatste {} uur", "last {} hours"],
  gaps: ["Gaten", "Gaps"],
  goneStale: ["Het knooppunt antwoordt niet. Dit is van", "The node does not answer. This is of"],
  newSitrep: ["Nieuwe sitrep", "New sitrep"],
  compare: ["Vergelijk", "Compare"],
  firstOf: ["Eerste", "First"],
  secondOf: ["Tweede", "Second"],
  notChosen: ["kies er een", "choose one"],
  added: ["nieuw", "new"],
  dropped: ["vervallen", "gone"],
  altered: ["gewijzigd", "changed"],
  sitrepsMore: ["sitreps meer", "sitreps more"],
  backToList: ["Terug naar de lijst", "Back to the list"],
  otherVersions: ["Versies van deze sitrep", "Versions of this sitrep"],
  replaceIt: ["Maak een volgende versie", "Make the next version"],
  replacing: ["Volgende versie van", "Next version of"],
  teamName: ["Team, zoals ROT Zuid-Limburg", "Team, such as ROT Zuid-Limburg"],
  issuer: ["Functie die hem uitgeeft", "Office that issues it"],
  nextAt: ["Volgende te verwachten om", "Next one expected at"],
  onlyParties: ["Alleen wat deze partijen zeggen (niets gekozen: alle)", "Only what these parties say (none chosen: all)"],
  compose: ["Stel samen uit het beeld", "Compile from the picture"],
  composeAgain: ["Stel opnieuw samen", "Compile anew"],
  composeWarn: ["Dit begint opnieuw: wat u schreef bij de onderdelen blijft, gewijzigde en weggelaten regels niet.",
    "This starts over: what you wrote with the sections stays, changed and removed lines do not."],
  remark: ["In uw woorden", "In your words"],
  lineDutch: ["Nederlands", "Dutch"],
  lineEnglish: ["Engels", "English"],
  editLine: ["Wijzig", "Change"],
  doneLine: ["Klaar", "Done"],
  dropLine: ["Laat weg", "Leave out"],
  issue: ["Geef uit", "Issue"],
  discardDraft: ["Gooi het concept weg", "Discard the draft"],
  discardSure: ["Ja, gooi weg", "Yes, discard"],
  notInPast: ["Uitgeven kan alleen van nu, niet van een moment terug in de tijd.", "Only a sitrep of now can be issued, not one of a moment back in time."],
  draftKept: ["Het concept blijft in deze browser tot het is uitgegeven.", "The draft stays in this browser until it is issued."],
  issueAway: ["Het knooppunt antwoordt niet. Uw concept staat er nog; geef het straks nog eens uit: het telt maar één keer.",
    "The node does not answer. Your draft is still here; issue it again later: it counts only once."],
  mayNotIssue: ["Uw rol laat u in dit incident geen sitrep uitgeven.", "Your role does not let you issue a sitrep in this incident."],
  askHelp: ["Vraag bijstand", "Ask for help"],
  offerHelp: ["Bied bijstand aan", "Offer help"],
  offerForThis: ["Bied hiervoor aan", "Offer for this"],
  onlyOpen: ["alleen wat openstaat", "only what is open"],
  need: ["Wat er nodig is", "What is needed"],
  means: ["Wat er wordt aangeboden", "What is offered"],
  howMany: ["Hoeveel", "How many"],
  ofWhom: ["Aan wie (leeg: wie het kan)", "Of whom (empty: whoever can)"],
  neededBy: ["Wanneer het er moet zijn", "When it must be there"],
  urgentToo: ["gaat voor al het andere", "goes before all else"],
  forRequest: ["Voor welke aanvraag", "For which request"],
  standsUntil: ["Aanbod geldt tot", "Offer stands until"],
  arrivesAt: ["Er naar verwachting om", "Expected there at"],
  abroad: ["Hulp tussen landen (CECIS)", "Help between countries (CECIS)"],
  hostNeeds: ["Wat de gever nodig heeft", "What the giver needs"],
  record: ["Leg vast", "Record"],
  accept: ["Aanvaard …", "Accept …"],
  acceptThis: ["Aanvaard", "Accept"],
  acceptHelp: ["Hoeveel u er in totaal van aanvaardt; 0 aanvaardt het niet meer.", "How many of it you accept in all; 0 accepts it no longer."],
  move: ["Onderweg, aangekomen …", "En route, arrived …"],
  withdrawRest: ["trek in wat nog niet vertrokken is", "withdraw what has not left yet"],
  ofQuantity: ["van", "of"],
  toWhom: ["aan", "of"],
  wholeNumber: ["Geef een heel getal van minstens {}.", "Give a whole number of at least {}."],
  tooManyMoved: ["Samen meer dan er is aangeboden.", "Together more than is offered."],
} satisfies Record<string, Pair>;

export type TeamWord = keyof typeof words;
export const teamWords: Readonly<Record<TeamWord, Pair>> = words;

const pick = (lang: Lang, [nl, en]: Pair): string => (lang === "nl" ? nl : en);

/** A word in the reader's language; `{}` in it is filled. */
export function team(lang: Lang, word: TeamWord, filled: string | number = ""): string {
  return pick(lang, words[word]).replace("{}", String(filled));
}

/** What a figure is of, by the field of the contract that holds it. */
export const aspectWords: Readonly<Record<string, Pair>> = {
  "casualties.figures": ["slachtoffers", "casualties"],
  "water_level.discharge_m3_s": ["afvoer", "discharge"],
  "water_level.peak_discharge_m3_s": ["hoogste afvoer", "highest discharge"],
  "water_level.level_m": ["waterstand", "water level"],
  "water_level.peak_level_m": ["hoogste stand", "highest level"],
  "water_level.depth_m": ["waterdiepte", "depth"],
  "water_level.peak_depth_m": ["grootste waterdiepte", "greatest depth"],
  "water_level.peak_time": ["tijdstip van de piek", "time of the peak"],
  "outage.customers": ["getroffen aansluitingen", "customers without service"],
  "outage.expected_repair_time": ["einde van de storing", "end of the outage"],
  "outage.state": ["toestand van de voorziening", "state of the service"],
  "measurement.readings": ["meetwaarde", "reading"],
  "closure.state": ["open of dicht", "open or closed"],
  "closure.expected_reopening_time": ["heropening", "reopening"],
  "evacuation.people": ["te evacueren mensen", "people to leave"],
  "evacuation.homes": ["te ontruimen woningen", "homes to be cleared"],
  "evacuation.state": ["vertrekken of terugkeren", "leave or return"],
  "care_capacity.state": ["toestand van de instelling", "state of the institution"],
  "care_capacity.patients": ["patiënten", "patients"],
  "care_capacity.beds.available": ["vrije bedden", "free beds"],
  "care_capacity.beds.total": ["bedden", "beds"],
  "resource.state": ["toestand van de eenheid", "state of the unit"],
  "resource.quantity": ["aantal", "number"],
  "warning.responses": ["advies aan de bevolking", "advice to the public"],
  "warning.colour": ["kleurcode", "warning colour"],
  "weather.precipitation_mm": ["neerslag", "rain"],
  "weather.wind_speed_m_s": ["wind", "wind"],
  "flood_defence.state": ["toestand van de waterkering", "state of the dike"],
  "flood_defence.failure_mode": ["wat eraan mankeert", "what is wrong"],
  "flood_defence.weak_spots": ["zwakke plekken", "weak spots"],
  "flood_defence.length_m": ["betrokken lengte", "length concerned"],
  "flood_defence.raised_m": ["opgehoogd met", "raised by"],
  "reception.state": ["toestand van de opvang", "state of the reception"],
  "reception.capacity": ["plaatsen", "places"],
  "reception.present": ["aanwezigen", "people present"],
  "facility.state": ["toestand van het object", "state of the facility"],
  "facility.people": ["mensen erin", "people in it"],
  "facility.less_self_reliant": ["minder zelfredzaam", "less self-reliant"],
  "facility.customers": ["klanten van het object", "customers of the facility"],
  "facility.holds_out": ["uren dat het overbrugt", "hours that it holds out"],
  "scenario.likelihood": ["waarschijnlijkheid ervan", "likelihood of it"],
  "scenario.scores": ["score van het scenario", "score of the scenario"],
  "staffing.present": ["mensen aanwezig", "people present"],
  "staffing.available": ["mensen beschikbaar", "people available"],
  "staffing.on_duty": ["mensen in dienst", "people on duty"],
  "staffing.resting": ["mensen die rusten", "people resting"],
};

/** As the contract names it when the node is newer than this page. */
export function aspect(lang: Lang, name: string): string {
  const found = aspectWords[name];
  return found ? pick(lang, found) : name;
}

export const basisWords: Readonly<Record<CountBasis, Pair>> = {
  0: ["", ""], 1: ["geschat", "estimated"], 2: ["geteld", "counted"], 3: ["uit een register", "registered"],
};

export const matterWords: Readonly<Record<MatterSort, Pair>> = {
  0: ["", ""], 1: ["besluit", "decision"], 2: ["actie", "action"], 3: ["knelpunt", "bottleneck"],
  4: ["vraag", "question"], 5: ["aanvraag", "request"], 6: ["moet gezien worden", "must be seen"],
};

export const sectionWords: Readonly<Record<Section, Pair>> = {
  0: ["?", "?"], 1: ["incident", "incident"], 2: ["bestrijding", "response"], 3: ["prognose en aanpak", "prognosis and approach"],
};

export const digestWords: Readonly<Record<DigestReason, Pair>> = {
  0: ["Overig", "Other"], 1: ["U moet zeggen dat u het zag", "You must say that you saw it"], 2: ["Van u en te laat", "Yours and late"],
  3: ["Van u en binnen het uur", "Yours and due within the hour"], 4: ["Tegenspraak", "Contradicting"], 5: ["Aan u gevraagd of gezegd", "Asked of you, or said to you"],
  6: ["Dringend of ernstig", "Urgent or severe"], 7: ["Besloten", "Decided"], 8: ["Van uw kolom", "Of your column"], 9: ["Van anderen", "Of others"],
};

export const themeWords: Readonly<Record<SitrepTheme, Pair>> = {
  0: ["Overig", "Other"], 1: ["Incident", "Incident"], 2: ["Bestrijding", "Response"], 3: ["Prognose en aanpak", "Prognosis and approach"],
  4: ["Besluiten, laatste 24 uur", "Decisions, last 24 hours"], 5: ["Openstaand", "Open"], 6: ["Tegenspraken", "Contradictions"],
};

export const stateWords: Readonly<Record<RequestState, Pair>> = {
  0: ["niet gezegd", "not said"], 1: ["gevraagd", "asked"], 2: ["toegezegd", "promised"], 3: ["deels geleverd", "partly there"],
  4: ["geleverd", "met"], 5: ["geweigerd", "refused"], 6: ["ingetrokken", "withdrawn"],
};

export const troubleWords: Readonly<Record<AssistanceTrouble, Pair>> = {
  0: ["?", "?"], 1: ["hier niet te zien", "not to be seen here"], 2: ["is voor een andere aanvraag", "is for another request"],
  3: ["meerdere aanvragen aanvaarden het", "several requests accept it"], 4: ["meer aanvaard dan er is", "more accepted than there is"],
  5: ["aanvaard, daarna ingetrokken", "accepted, then withdrawn"], 6: ["geldt niet meer", "stands no longer"], 7: ["versies verschillen", "versions differ"],
  8: ["niemand zei te hebben", "nobody said to have"], 9: ["andere capaciteit dan gevraagd", "another capacity than was asked"],
};

/** By its number in the contract; of a newer node: a question mark. */
export function named<N extends number>(lang: Lang, table: Readonly<Record<N, Pair>>, value: N): string {
  const found = (table as Readonly<Record<number, Pair>>)[value];
  return found ? pick(lang, found) : "?";
}
