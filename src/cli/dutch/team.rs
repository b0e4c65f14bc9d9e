//! Help texts in Dutch of the commands for crisis teams, by command and argument.

use super::help::Text;

const INCIDENT: (&str, &str) = ("incident", "Incident [standaard: het enige dat open is]");
const KNOWN: (&str, &str) =
    ("known", "Wat het knooppunt op dit tijdstip wist, RFC 3339 of UU:MM vandaag [standaard: nu]");
const SPEAKER: (&str, &str) = ("party", "Partij waarvoor het spreekt [standaard: de eigen]");
const OFFER: (&str, &str) =
    ("offer", "Aanbod, zoals `polder assistance` het noemt; de eerste tekens volstaan");
const NUMBER: (&str, &str) = ("number", "Nummer dat het elders heeft, zoals in CECIS");
const MODULE: (&str, &str) = (
    "module",
    "Capaciteit van het EU-mechanisme voor civiele bescherming: high_capacity_pumping, \
     flood_rescue_boats, ...",
);
const ENTRY_POINT: (&str, &str) =
    ("entry_point", "Waar het binnenkomt: grensovergang, luchthaven of verzamelplaats");
const TEXT_LANG: (&str, &str) = ("text_lang", "Taal van de tekst");

const TEAM: (&str, &str) = ("team", "Team van wie het beeld is, zoals \"ROT Zuid-Limburg\"");
const PARTIES: (&str, &str) = ("party", "Alleen wat deze partijen zeggen");
const READERS: (&str, &str) =
    ("audience", "Doelgroep die hem leest [standaard: iedereen die meedoet]");

/// Every command for crisis teams.
pub(super) const COMMANDS: &[Text] = &[
    Text {
        path: "contradictions",
        about: "Toont wat elkaar tegenspreekt, naast elkaar, wat openstaat bovenaan",
        args: &[INCIDENT, KNOWN, ("open", "Laat weg waarover iemand besloten heeft")],
    },
    Text {
        path: "issue",
        about: "Geeft een waarschuwing aan de bevolking uit die een ander opstelde, of verbetert er een",
        args: &[
            ("draft", "Concept van een waarschuwing: UUID of volledige naam van het item"),
            ("corrects", "Waarschuwing die ze verbetert en vervangt: UUID of volledige naam"),
            (
                "contact",
                "Regel van het boek die ze noemt naast die van het concept: UUID of volledige naam",
            ),
            ("unchecked", "Waarom niemand anders het kon nakijken; staat vast"),
            INCIDENT,
        ],
    },
    Text {
        path: "warnings",
        about: "Toont wat de bevolking verteld is, stap voor stap",
        args: &[
            INCIDENT,
            KNOWN,
            ("standing", "Laat concepten weg, en wat ingetrokken of voorbij is"),
        ],
    },
    Text {
        path: "contacts",
        about: "Toont het boek van nummers en adressen voor de bevolking, en vult het",
        args: &[INCIDENT, KNOWN],
    },
    Text {
        path: "contacts add",
        about: "Schrijft een regel, die een ander moet controleren",
        args: &[
            ("name", "Balie of dienst, zoals de bevolking die kent"),
            (
                "purpose",
                "Waarvoor: public-information, emergency, medical, relatives, reception, utilities, police, press of damage",
            ),
            ("telephone", "Telefoonnummer, zoals het voorgelezen wordt"),
            ("web", "Webadres"),
            ("mail", "Mailadres"),
            ("address", "Straat en nummer, postcode, plaats"),
            (
                "until",
                "Tot wanneer het geldt, RFC 3339 of UU:MM vandaag [standaard: tot het ingetrokken is]",
            ),
            ("entry", "Regel waarvan dit de plaats inneemt: UUID of naam"),
            INCIDENT,
            SPEAKER,
        ],
    },
    Text {
        path: "contacts check",
        about: "Zegt dat u het nummer probeerde of naar de bron ging, en dat de regel klopt",
        args: &[
            ("line", "Regel, zoals `polder contacts` die noemt; de eerste tekens volstaan"),
            INCIDENT,
        ],
    },
    Text {
        path: "methane",
        about: "Maakt de eerste melding van een incident volgens M/ETHANE, en vraagt wat ontbreekt",
        args: &[
            ("kind", "Type incident: wat er gebeurd is, in een paar woorden [standaard: gevraagd]"),
            ("major", "Groot incident: alles ervan is spoed"),
            ("exact", "Exacte plaats in woorden"),
            ("at", "Breedte,lengte in graden WGS 84"),
            ("hazards", "Gevaren, nu en mogelijk"),
            ("access", "Bereikbaarheid: veilige routes"),
            ("t1", "Aantal slachtoffers dat meteen hulp nodig heeft (rood)"),
            ("t2", "Aantal slachtoffers dat spoedig hulp nodig heeft (geel)"),
            ("t3", "Aantal slachtoffers dat kan wachten (groen)"),
            ("dead", "Aantal overledenen"),
            ("services", "Welke hulp nodig is"),
            INCIDENT,
            ("discipline", "Kolom die spreekt: fire, police, medical, water, ..."),
            SPEAKER,
            ("audience", "Doelgroep die het mag zien [standaard: iedereen die meedoet]"),
        ],
    },
    Text {
        path: "situation",
        about: "Toont het situatiebeeld: de onderdelen, van wie ze zijn, klokken van de wet, wat het \
                zwaarst weegt",
        args: &[
            INCIDENT,
            KNOWN,
            ("party", "Alleen wat deze partijen zeggen: hun eigen beeld"),
            ("discipline", "Alleen wat deze kolommen zeggen: fire, police, medical, water, ..."),
            ("lines", "Regels per onderdeel, tot 100"),
        ],
    },
    Text {
        path: "national",
        about: "Toont het landelijk beeld, samengevoegd uit de regio's, en hoe die verbonden zijn",
        args: &[
            ("incident", "Incident [standaard: alle die open zijn]"),
            ("mode", "Van welke modus, als er geen incident genoemd is"),
            KNOWN,
            ("lines", "Regels per onderdeel, tot 100"),
        ],
    },
    Text {
        path: "digest",
        about: "Toont wat één lezer het eerst moet zien, en hoeveel er achtergehouden wordt",
        args: &[
            INCIDENT,
            KNOWN,
            ("party", "Partij waarvoor u leest [standaard: geen in het bijzonder]"),
            ("discipline", "Kolom waarvoor u leest: fire, police, medical, water, ..."),
            ("since", "Wat sindsdien kwam geldt als nieuw [standaard: alles]"),
            ("lines", "Regels, tot 200"),
        ],
    },
    Text {
        path: "decide",
        about: "Legt een besluit over een tegenspraak vast, met elke versie als grond",
        args: &[
            (
                "contradiction",
                "Tegenspraak, zoals `polder contradictions` die noemt; de eerste tekens volstaan",
            ),
            ("title", "Wat er besloten is"),
            ("by", "Wie besloot: team of functie"),
            ("because", "Waarom"),
            TEXT_LANG,
            INCIDENT,
        ],
    },
    Text {
        path: "assistance",
        about: "Toont welke bijstand gevraagd, aangeboden en gestuurd is; vraagt, biedt en aanvaardt",
        args: &[
            INCIDENT,
            KNOWN,
            ("open", "Laat aanvragen weg die geleverd, geweigerd of ingetrokken zijn"),
        ],
    },
    Text {
        path: "assistance ask",
        about: "Vraagt bijstand",
        args: &[
            ("need", "Wat er nodig is"),
            ("quantity", "Hoeveel"),
            ("of", "Partij aan wie het gevraagd wordt [standaard: wie het kan]"),
            ("by", "Wanneer het er moet zijn, RFC 3339 of UU:MM vandaag"),
            ("urgent", "Gaat voor al het andere"),
            (
                "has",
                "Wat u voor gasten hebt: fuel, quarters, food_and_water, guides, interpreters, papers, ...",
            ),
            NUMBER,
            MODULE,
            ENTRY_POINT,
            INCIDENT,
            SPEAKER,
        ],
    },
    Text {
        path: "assistance offer",
        about: "Biedt bijstand aan, voor een aanvraag of voor wie het nodig heeft",
        args: &[
            ("means", "Wat er wordt aangeboden"),
            ("quantity", "Hoeveel"),
            (
                "request",
                "Aanvraag waarvoor, zoals `polder assistance` die noemt; de eerste tekens volstaan",
            ),
            ("until", "Tot wanneer het aanbod geldt, RFC 3339 of UU:MM vandaag"),
            ("arrives", "Wanneer het er naar verwachting is"),
            ("needs", "Wat de gever nodig heeft: brandstof, onderdak, gidsen"),
            (
                "support",
                "Hetzelfde naar soort: fuel, quarters, food_and_water, guides, interpreters, papers, ...",
            ),
            ("transport", "Hoe het komt: own_road, own_air, own_rail_or_water, needed"),
            ("costs", "Wie betaalt: giver, receiver, shared, to_be_agreed"),
            NUMBER,
            MODULE,
            ENTRY_POINT,
            INCIDENT,
            SPEAKER,
        ],
    },
    Text {
        path: "assistance accept",
        about: "Aanvaardt een aanbod, of een deel ervan, voor een eigen aanvraag",
        args: &[
            OFFER,
            ("request", "Aanvraag waarvoor [standaard: die waarvoor het is aangeboden]"),
            ("quantity", "Hoeveel [standaard: zoveel als er tekort is]"),
            INCIDENT,
        ],
    },
    Text {
        path: "assistance move",
        about: "Zegt hoeveel van een eigen aanbod onderweg, aangekomen of weer vrijgegeven is",
        args: &[
            OFFER,
            ("en_route", "Hoeveel er onderweg zijn [standaard: zoals het was]"),
            ("arrived", "Hoeveel er zijn aangekomen [standaard: zoals het was]"),
            ("released", "Hoeveel er weer zijn vrijgegeven [standaard: zoals het was]"),
            ("withdraw", "Trekt in wat nog niet vertrokken is"),
            INCIDENT,
        ],
    },
    Text {
        path: "signals",
        about: "Toont welke cijfers een drempel overschrijden, dat naar verwachting doen of niet meer doen",
        args: &[
            (
                "incident",
                "Alleen cijfers van dit incident [standaard: van elk open incident van die soort]",
            ),
            (
                "mode",
                "actual, exercise of test [standaard: die van het incident, en anders actual]",
            ),
            KNOWN,
            ("region", "Alleen drempels van deze veiligheidsregio"),
            ("raised", "Laat weg wat niet meer overschreden wordt"),
            ("watch", "Gaat door, en meldt wanneer een drempel overschreden wordt of niet meer"),
        ],
    },
    Text {
        path: "daily",
        about: "Maakt het verslag van de laatste 24 uur: signalen, incidenten, wat veranderde, wat ontbreekt, wat komt",
        args: &[
            ("mode", "actual, exercise of test"),
            (
                "region",
                "Alleen deze veiligheidsregio: incidenten waarin ze opgeschaald is of spreekt, en haar drempels",
            ),
            ("since", "Sinds wanneer, RFC 3339 of UU:MM vandaag [standaard: 24 uur geleden]"),
            ("format", "text, markdown, html of pdf"),
            ("out", "Bestand dat geschreven wordt [standaard: standaarduitvoer]"),
        ],
    },
    Text {
        path: "capacity",
        about: "Telt eenheden en mensen: wat er gestuurd kan worden, wat afloopt en wie rust mist",
        args: &[
            INCIDENT,
            KNOWN,
            ("party", "Alleen wat deze partij meldt"),
            ("duty_max", "Wie langer in dienst is, mist rust"),
        ],
    },
    Text {
        path: "reports",
        about: "Toont wat burgers meldden, in groepen, en neemt het over",
        args: &[
            INCIDENT,
            KNOWN,
            ("waiting", "Laat groepen weg waarvan elke melding overgenomen of weerlegd is"),
        ],
    },
    Text {
        path: "reports promote",
        about: "Maakt van een groep een eigen item, dat elke melding erin noemt",
        args: &[
            ("group", "Groep, zoals `polder reports` die noemt; de eerste tekens volstaan"),
            (
                "title",
                "Titel van het item [standaard: wat de melding zegt waar de meeste op lijken]",
            ),
            ("kind", "Waar het over gaat: observation, outage, closure, ..."),
            (
                "fields",
                "Veld van de soort, zoals service=VITAL_SERVICE_POWER; JSON of gewone tekst",
            ),
            ("text_lang", "Taal van de titel"),
            ("verified_by", "Wie het nagegaan is; het item geldt dan als bevestigd"),
            INCIDENT,
            SPEAKER,
        ],
    },
    Text {
        path: "gaps",
        about: "Toont wie niets gezegd heeft, wiens cijfers verouderd zijn en wat niemand vulde",
        args: &[INCIDENT, KNOWN, ("silent_after", "Wie zo lang niets zei, zwijgt")],
    },
    Text {
        path: "acknowledge",
        about: "Zegt dat u een item gelezen hebt, of toont wat gezien moet worden en door wie",
        args: &[
            (
                "name",
                "Volledige naam van het gelezen item [standaard: toont wat gezien moet worden, en \
                 door wie]",
            ),
            ("party", "Partij waarvoor u het zegt, of wier lijst het is"),
            ("all", "In de lijst ook wat iedereen gezien heeft"),
            INCIDENT,
            KNOWN,
        ],
    },
    Text {
        path: "forecasts",
        about: "Toont hoe verwachtingen verschoven, en wat er uitkwam",
        args: &[INCIDENT, KNOWN],
    },
    Text {
        path: "play",
        about: "Speelt een incident, of het archief ervan, na in een oefening op zichzelf, zo snel als u wilt",
        args: &[
            ("source", "Id van een incident van het knooppunt, of archiefbestand van een incident"),
            (
                "into",
                "Id van de oefening die ervan gemaakt wordt [standaard: gemaakt van de titel]",
            ),
            ("speed", "Seconden van toen die in één seconde voorbijgaan, 0.01 tot 10000"),
            (
                "from",
                "Wat voor dit moment van toen gezegd was staat er meteen, RFC 3339 of UU:MM vandaag",
            ),
            ("at_once", "Alles ineens, met tijden zo verschoven dat het laatste woord van nu is"),
        ],
    },
    Text {
        path: "impact",
        about: "Toont wat uitval hierna laat uitvallen, wat terugkomt en wie dat treft; ook van wat \
                alleen verondersteld wordt",
        args: &[
            INCIDENT,
            KNOWN,
            (
                "outage",
                "Alleen wat deze uitval, of dit uitgevallen object, doet; de eerste tekens van de \
                 id volstaan",
            ),
            (
                "what_if",
                "Telt alsof deze dienst uitvalt: power, drinking_water, telecom, ...; zeg waar",
            ),
            ("near", "Waar die uitvalt: zo ver rond een punt, zoals 50.86,5.83,5km"),
            ("place", "Waar die uitvalt, met de naam van de plaats"),
            ("facility", "Telt alsof dit object uitvalt; de eerste tekens van de id volstaan"),
            (
                "back",
                "Telt alsof deze uitval voorbij is, of dit object weer werkt; de eerste tekens van \
                 de id volstaan",
            ),
            (
                "from",
                "Wanneer dat verondersteld wordt te gebeuren, RFC 3339 of UU:MM vandaag \
                 [standaard: het moment waarop gekeken wordt]",
            ),
            ("until", "Wanneer het verondersteld wordt weer te werken"),
        ],
    },
    Text {
        path: "scenarios",
        about: "Zet scenario's naast elkaar: waarschijnlijkheid, schade aan de nationale \
                veiligheid, aannames",
        args: &[("subject", "Alleen die over dit onderwerp"), INCIDENT, KNOWN],
    },
    Text {
        path: "handover",
        about: "Maakt wat de volgende ploeg moet weten",
        args: &[
            ("since", "Wanneer de dienst begon: wat sindsdien kwam, geldt als veranderd"),
            INCIDENT,
            KNOWN,
        ],
    },
    Text {
        path: "review",
        about: "Maakt een evaluatie van een heel incident: kengetallen, tijdlijn, besluiten met wat \
                bekend was, sitreps",
        args: &[
            ("format", "text, markdown, html of pdf"),
            ("out", "Bestand om te schrijven [standaard: standaarduitvoer]"),
            INCIDENT,
            KNOWN,
        ],
    },
    Text { path: "sitrep", about: "Maakt, geeft uit, toont en vergelijkt sitreps", args: &[] },
    Text {
        path: "sitrep draft",
        about: "Stelt een sitrep samen uit het beeld; met --json om te bewerken en uit te geven",
        args: &[INCIDENT, KNOWN, TEAM, PARTIES, READERS],
    },
    Text {
        path: "sitrep issue",
        about: "Geeft een sitrep uit, zoals samengesteld of uit een bestand, met het volgende \
                nummer van het team",
        args: &[
            ("file", "Bestand van `polder sitrep draft --json` [standaard: stelt hem nu samen]"),
            ("by", "Functie die hem uitgeeft"),
            ("replaces", "Volledige naam van de sitrep waarvoor hij in de plaats komt"),
            INCIDENT,
            KNOWN,
            TEAM,
            PARTIES,
            READERS,
        ],
    },
    Text {
        path: "sitrep show",
        about: "Toont een sitrep, of somt ze op",
        args: &[
            ("sitrep", "Nummer, nummer.versie of volledige naam [standaard: somt ze op]"),
            ("team", "Team waarvan het nummer is"),
            ("format", "text, markdown, html of pdf"),
            ("out", "Te schrijven bestand [standaard: de standaarduitvoer]"),
            INCIDENT,
            KNOWN,
        ],
    },
    Text {
        path: "sitrep diff",
        about: "Toont wat er tussen twee sitreps verschilt",
        args: &[
            ("first", "Nummer, nummer.versie of volledige naam van de eerdere"),
            ("second", "Hetzelfde van de latere"),
            ("team", "Team waarvan de nummers zijn"),
            INCIDENT,
        ],
    },
];
