// Words of what the public is told, of the book of numbers and addresses behind it, and of forecasts,
// Dutch and English side by side; where the command line has one, the same under the same name.
import type { WarningState } from "../gen/polder/v1/warning_pb.ts";
import type { ContactTrouble } from "../gen/polder/v1/warning_service_pb.ts";

type Pair = readonly [nl: string, en: string];

export const publicPairs = {
  // As the command line has them.
  noWarnings: ["De bevolking is niets verteld.", "The public was told nothing."],
  warningsMore: ["waarschuwingen meer", "warnings more"],
  contactsMore: ["regels meer", "lines more"],
  warningStands: ["geldt", "stands"],
  warningOver: ["voorbij", "over"],
  warningDraftedBy: ["opgesteld door", "drafted by"],
  warningUnchecked: ["niemand keek het na:", "nobody checked it:"],
  warningLater: ["later", "later"],
  contactRests: ["verteld door waarschuwingen:", "told by warnings:"],
  contactOutdated: ["anders verteld door waarschuwingen die gelden:", "told otherwise by warnings that stand:"],
  contactCited: ["berust op", "rests on"],
  contactUnseen: ["een regel die hier niet is", "a line that is not held here"],
  forecastFor: ["voor", "for"],
  forecastHigher: ["hoger dan ervoor", "higher than before"],
  forecastLower: ["lager dan ervoor", "lower than before"],
  forecastLater: ["later dan ervoor", "later than before"],
  forecastEarlier: ["eerder dan ervoor", "earlier than before"],
  forecastSame: ["zoals ervoor", "as before"],
  forecastReplaced: ["sindsdien vervangen", "replaced since"],
  forecastUntold: ["niemand heeft gezegd wat ervan kwam", "nobody has said what came of it"],
  forecastOpen: ["er is geen hoogste punt gemeld", "no highest point was reported"],
  forecastCame: ["uitgekomen:", "came true:"],
  forecastTooHigh: ["te hoog", "too high"],
  forecastTooLow: ["te laag", "too low"],
  forecastTooLate: ["te laat", "too late"],
  forecastTooEarly: ["te vroeg", "too early"],
  forecastRight: ["zoals verwacht", "as forecast"],
  reviewLacksVersions: ["eerdere versies kwamen hier alleen door een ijkpunt: vraag een knooppunt dat alles heeft",
    "earlier versions came to this node by a checkpoint only: ask one that has all"],
  // Of the page alone.
  warningsTab: ["Waarschuwingen", "Warnings"],
  bookTab: ["Nummers en adressen", "Numbers and addresses"],
  forecastsTab: ["Verwachtingen", "Forecasts"],
  onlyStanding: ["alleen wat geldt", "only what stands"],
  noneStands: ["Er geldt geen waarschuwing.", "No warning stands."],
  warningsHelp: ["Een waarschuwing begint als concept. Een tweede persoon geeft die woorden uit; daarna staat hier wie wat deed en hoe lang elke stap duurde.",
    "A warning begins as a draft. A second person issues those words; who did what, and how long each step took, then stands here."],
  draftWarning: ["Stel een waarschuwing op …", "Draft a warning …"],
  draftHelp: ["Dit is een concept: er gaat nog niets uit. Een ander geeft het uit.", "This is a draft: nothing goes out yet. Another person issues it."],
  warningStages: ["Hoe ze tot stand kwam", "How it came about"],
  stillDraft: ["Nog niet uitgegeven: open het concept om het na te kijken.", "Not issued yet: open the draft to check it."],
  bookEmpty: ["Het boek is leeg.", "The book is empty."],
  bookHelp: ["Een waarschuwing noemt alleen nummers en adressen uit dit boek, die een tweede persoon heeft gecontroleerd.",
    "A warning names only numbers and addresses of this book that a second person has checked."],
  addContact: ["Schrijf een regel bij …", "Add a line …"],
  addContactHelp: ["Een ander belt het nummer of gaat naar de bron, en controleert de regel. Pas dan mag een waarschuwing haar noemen.",
    "Another person calls the number or goes to the source, and checks the line. Only then may a warning name it."],
  onlyTrouble: ["alleen wat aandacht vraagt", "only what needs attention"],
  bookSound: ["Elke regel is gecontroleerd en actueel.", "Every line is checked and current."],
  contactByOn: ["door {} op", "by {} on"],
  contactWrittenBy: ["geschreven door", "written by"],
  contactUntil: ["geldt tot", "counts until"],
  checkContact: ["Controleer …", "Check …"],
  checkHelp: ["Bel het nummer of ga naar de bron. Uw naam komt bij de regel te staan, en waarschuwingen mogen haar noemen.",
    "Call the number or go to the source. Your name will stand with the line, and warnings may name it."],
  checkSure: ["Het klopt: gecontroleerd", "It is right: checked"],
  checkOwn: ["U schreef dit: een ander moet het controleren.", "You wrote this: another person must check it."],
  checkSent: ["Uw controle is onderweg naar het knooppunt.", "Your check is on its way to the node."],
  forecastsEmpty: ["Niemand deed een verwachting met een cijfer.", "Nobody has forecast a figure."],
  forecastsHelp: ["Meld een item als verwachting, met een cijfer en voor wanneer het geldt. Elke volgende versie laat zien hoe het verschoof; wat later als feit gemeld wordt, laat zien hoever het ernaast zat.",
    "Report an entry as a forecast, with a figure and for when it holds. Each next version shows how it moved; what is later reported as a fact shows how far off it was."],
  forecastSaid: ["Gezegd", "Said"],
  forecastFigure: ["Verwachting", "Forecast"],
  forecastMoved: ["Verschoven", "Moved"],
  forecastOutcome: ["Wat ervan kwam", "What came of it"],
} satisfies Record<string, Pair>;

export const warningStateWords: Readonly<Record<WarningState, Pair>> = {
  0: ["?", "?"], 1: ["opgesteld", "drafted"], 2: ["uitgegeven", "issued"], 3: ["gecorrigeerd", "corrected"], 4: ["ingetrokken", "withdrawn"],
};

/** Why a line of the book is not to be told; 0: nothing is wrong with it. */
export const contactTroubleWords: Readonly<Record<ContactTrouble, Pair>> = {
  0: ["gecontroleerd", "checked"], 1: ["niet hier aanwezig", "not held here"], 2: ["sindsdien veranderd", "changed since"],
  3: ["ingetrokken", "withdrawn"], 4: ["tegengesproken", "disputed"], 5: ["niet gecontroleerd", "not checked"], 6: ["over tijd", "past its time"],
};
