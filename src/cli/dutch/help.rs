//! Help texts in Dutch, by command and argument. A table: English stands in `args.rs`.

/// Texts of one command.
pub(super) struct Text {
    /// Names of the commands down to this one, with spaces between; empty for the program.
    pub(super) path: &'static str,
    /// What it does.
    pub(super) about: &'static str,
    /// Its arguments by id; global and filter arguments stand in tables of their own.
    pub(super) args: &'static [(&'static str, &'static str)],
}

/// Shown under the help of the program.
pub(super) const EXIT_CODES: &str = "Afsluitcodes: 0 gelukt, 1 mislukt, 2 onjuiste opdracht of \
    configuratie, 3 geweigerd door het knooppunt, 4 knooppunt niet bereikbaar, 5 de opslag is \
    beschadigd of werkt niet meer, 6 hier opgeslagen maar nog niet bij de gevraagde knooppunten: \
    er is niets verloren.";

/// Arguments of every command.
pub(super) const COMMON: &[(&str, &str)] = &[
    ("config", "Configuratiebestand (TOML)"),
    ("token", "Sessie, of token van een identiteitsprovider, in plaats van die van `polder login`"),
    ("lang", "Taal van de uitvoer: nl of en [standaard: die van de omgeving]"),
    ("json", "JSON in plaats van tekst"),
    ("node", "Adres van het knooppunt [standaard: 127.0.0.1:7420]"),
    (
        "node_key",
        "Vertrouwt het knooppunt met deze sleutel-id, zoals zijn start en `polder links` die tonen, \
         over TLS",
    ),
    (
        "ca",
        "Vertrouwt een knooppunt waarvan een CA uit dit bestand de hostnaam bevestigt, over TLS \
         (PEM)",
    ),
    ("client_cert", "Certificaat om aan het knooppunt te tonen, over TLS (PEM)"),
    ("client_key", "Privésleutel van dat certificaat (PEM)"),
    (
        "log",
        "Wat er gelogd wordt, zoals info of polder=debug [standaard: info bij serve, anders error]",
    ),
    ("log_json", "Logregels als JSON"),
    ("help", "Toont deze hulp"),
    ("version", "Toont de versie"),
];

/// Commands that take the filter arguments.
pub(super) const FILTERED: [&str; 3] = ["list", "watch", "as-of"];

/// Arguments that say which items.
pub(super) const FILTER: &[(&str, &str)] = &[
    ("incident", "Incident [standaard: het enige dat open is]"),
    ("kind", "Alleen deze soorten"),
    ("statement", "Alleen deze uitspraken: fact, assumption, forecast, ..."),
    ("discipline", "Alleen deze kolommen: fire, police, medical, water, ..."),
    ("party", "Alleen deze partijen"),
    ("bounds", "Alleen wat binnen zuid,west,noord,oost ligt"),
    ("urgency", "Minstens zo dringend"),
    ("from", "Waargenomen op of na dit tijdstip"),
    ("before", "Waargenomen vóór dit tijdstip"),
    ("text", "Alleen met deze woorden"),
    ("contradictions", "Alleen tegenspraken"),
    ("stale", "Alleen wat verouderd is"),
    ("retracted", "Ook wat ingetrokken is"),
    ("audience", "Alleen wat voor deze doelgroepen bestemd is"),
];

/// Names of values, as they stand between pointed brackets.
pub(super) const VALUES: &[(&str, &str)] = &[
    ("WHAT", "WAT"),
    ("ACCOUNT", "ACCOUNT"),
    ("ADDR", "ADRES"),
    ("ADDRESS", "ADRES"),
    ("BODY", "TEKST"),
    ("BOOL", "true|false"),
    ("CERTAINTY", "ZEKERHEID"),
    ("CODE", "CODE"),
    ("CONTRADICTION", "TEGENSPRAAK"),
    ("DIR", "MAP"),
    ("DISCIPLINE", "KOLOM"),
    ("DURATION", "DUUR"),
    ("SUPPORT", "STEUN"),
    ("MODULE", "CAPACITEIT"),
    ("WAY", "WIJZE"),
    ("INCIDENT|FILE", "INCIDENT|BESTAND"),
    ("ENGINE", "MOTOR"),
    ("ENGINES", "MOTOREN"),
    ("ENTRIES", "AANTAL"),
    ("ENTRY", "ITEM"),
    ("FACTOR", "FACTOR"),
    ("FORMAT", "VORM"),
    ("FIRST", "EERSTE"),
    ("SECOND", "TWEEDE"),
    ("SECTION=PARTY", "ONDERDEEL=PARTIJ"),
    ("FIELD=VALUE", "VELD=WAARDE"),
    ("FILE", "BESTAND"),
    ("FILTER", "FILTER"),
    ("GRANT", "ROL:PARTIJ"),
    ("HEADS", "STAND"),
    ("HOLDER", "HOUDER"),
    ("ID", "ID"),
    ("INCIDENT", "INCIDENT"),
    ("KEY", "SLEUTEL"),
    ("KEY=NAME", "SLEUTEL=NAAM"),
    ("KIND", "SOORT"),
    ("LANG", "TAAL"),
    ("LAT,LON", "BREEDTE,LENGTE"),
    ("LAT,LON,RADIUS", "BREEDTE,LENGTE,STRAAL"),
    ("SERVICE", "DIENST"),
    ("SUBJECT", "ONDERWERP"),
    ("LEVEL", "NIVEAU"),
    ("LEVEL=PARTIES", "NIVEAU=PARTIJEN"),
    ("LEVEL=TEAM", "NIVEAU=TEAM"),
    ("LIMIT", "AANTAL"),
    ("MODE", "ECHTHEID"),
    ("NAME", "NAAM"),
    ("NODE", "KNOOPPUNT"),
    ("NODES", "AANTAL"),
    ("LINES", "REGELS"),
    ("NUMBER", "NUMMER"),
    ("ONLY", "TEKST"),
    ("PARTY", "PARTIJ"),
    ("PERSON", "PERSOON"),
    ("PHASE", "FASE"),
    ("PLACE", "PLAATS"),
    ("PURPOSE", "DOEL"),
    ("PUBLIC_KEY", "SLEUTEL"),
    ("REASON", "REDEN"),
    ("REPEATS", "AANTAL"),
    ("ROLE", "ROL"),
    ("S,W,N,E", "Z,W,N,O"),
    ("SEVERITY", "ERNST"),
    ("SHELL", "SHELL"),
    ("SITREP", "SITREP"),
    ("STATEMENT", "UITSPRAAK"),
    ("TAG", "CODE"),
    ("TEAM", "TEAM"),
    ("TEXT", "TEKST"),
    ("TYPE", "TYPE"),
    ("TIME", "TIJD"),
    ("TITLE", "TITEL"),
    ("TOKEN", "TOKEN"),
    ("URGENCY", "SPOED"),
    ("UUID", "UUID"),
    ("WHO", "WIE"),
];

const DATA_NEW: (&str, &str) = ("data", "Map voor de opslag");
const DATA: (&str, &str) = ("data", "Map van de opslag");
const DATA_IDLE: (&str, &str) = (
    "data",
    "Map van een opslag waar geen knooppunt op draait [standaard: vraag het draaiende knooppunt]",
);
const TO: (&str, &str) = ("to", "Bestand dat geschreven wordt");
const ENGINE_NEW: (&str, &str) = ("engine", "Opslagmotor: fjall of sled [standaard: fjall]");
const INCIDENT_ID: (&str, &str) = ("id", "Id van het incident");
const TITLE_LANG: (&str, &str) = ("text_lang", "Taal van de titel");
const PHASE: (&str, &str) =
    ("phase", "Fase: cold (koud), lukewarm (lauw), warm of aftercare (nafase)");
const REASON: (&str, &str) = ("reason", "Waarom");

/// Every command.
pub(super) const COMMANDS: &[Text] = &[
    Text {
        path: "",
        about: "Houdt één gedeeld crisisbeeld bij voor veel organisaties, ook als het netwerk \
            uitvalt.",
        args: &[],
    },
    Text {
        path: "init",
        about: "Maakt een nieuwe opslag met een nieuwe sleutel",
        args: &[
            DATA_NEW,
            ("name", "Naam van het knooppunt zoals mensen die zeggen"),
            ("party", "Partij waarvoor het publiceert: 1 tot 63 tekens uit a-z 0-9 -"),
            ENGINE_NEW,
        ],
    },
    Text {
        path: "serve",
        about: "Draait het knooppunt tot het moet stoppen",
        args: &[
            DATA,
            (
                "listen",
                "Waar gRPC en gRPC-Web te bereiken zijn; buiten deze machine versleuteld \
                 [standaard: 127.0.0.1:7420]",
            ),
            (
                "local",
                "Waar hetzelfde onversleuteld te bereiken is voor programma's op deze machine, \
                 naast --listen",
            ),
            ("tls", "Versleutelt ook op deze machine, ook de verbindingen ernaartoe"),
            ("admin", "Waar /metrics en /healthz te bereiken zijn [standaard: 127.0.0.1:7421]"),
            ("engine", "Opslagmotor die de opslag moet hebben [standaard: die hij heeft]"),
            (
                "link",
                "Ander knooppunt om een verbinding mee te houden, naast die van het bestand; mag \
                 vaker",
            ),
            (
                "fence",
                "Bestand op een ander volume dat zegt of de opslag is teruggezet naar een oudere \
                 kopie",
            ),
            ("no_web", "Toont de pagina voor browsers niet"),
            ("web_name", "Naam waaronder browsers er via een proxy bij komen; mag vaker"),
        ],
    },
    Text {
        path: "demo",
        about: "Speelt het hoogwater van juli 2021 in Limburg af op een eigen knooppunt",
        args: &[
            ("data", "Map voor de opslag [standaard: een tijdelijke, die na afloop verdwijnt]"),
            ("listen", "Waar het te bereiken is; is de poort bezet, dan een andere"),
            ("admin", "Waar /metrics en /healthz te bereiken zijn"),
            ("speed", "Seconden van het scenario die in één seconde verstrijken"),
            ("once", "Speelt op volle snelheid, toont een samenvatting en stopt"),
            ENGINE_NEW,
        ],
    },
    Text { path: "incident", about: "Opent, toont, wijzigt en sluit incidenten", args: &[] },
    Text {
        path: "incident create",
        about: "Opent een incident",
        args: &[
            ("title", "Titel"),
            ("id", "Id: 1 tot 63 tekens uit a-z 0-9 -, eerst een letter [standaard: uit de titel]"),
            (
                "mode",
                "Of het echt is: actual (het gebeurt), exercise (een oefening) of test; ligt \
                 daarna vast",
            ),
            TITLE_LANG,
            PHASE,
        ],
    },
    Text {
        path: "incident list",
        about: "Toont alle incidenten",
        args: &[("all", "Ook gesloten incidenten")],
    },
    Text { path: "incident show", about: "Toont één incident", args: &[INCIDENT_ID] },
    Text {
        path: "incident update",
        about: "Wijzigt titel, fase, GRIP-niveau of teams",
        args: &[
            INCIDENT_ID,
            ("title", "Nieuwe titel"),
            TITLE_LANG,
            PHASE,
            ("grip", "GRIP-niveau van de regio, 0 tot 5"),
            ("region", "Veiligheidsregio waar het GRIP-niveau en de teams van zijn"),
            ("teams", "Teams die actief zijn: copi, rot, gbt, rbt, ..."),
            ("grip_rijk", "Of GRIP Rijk geldt: true of false"),
            ("log_reading", "Of knooppunten noteren wie items ervan leest: true of false"),
            (
                "owner",
                "Wie een onderdeel van het beeld bijhoudt, als ONDERDEEL=PARTIJ of \
                 ONDERDEEL=PARTIJ:ROL; onderdelen zijn incident, response en outlook; ONDERDEEL= \
                 betekent niemand meer; mag vaker",
            ),
        ],
    },
    Text {
        path: "incident history",
        about: "Toont hoe fase, GRIP en teams veranderden, en wie een plan erbij haalde",
        args: &[
            ("id", "Id van het incident [standaard: het enige dat open is]"),
            (
                "known",
                "Wat het knooppunt op dit tijdstip wist, RFC 3339 of UU:MM vandaag [standaard: nu]",
            ),
        ],
    },
    Text {
        path: "incident close",
        about: "Sluit een incident: lezen kan nog, schrijven niet meer",
        args: &[INCIDENT_ID, REASON],
    },
    Text {
        path: "publish",
        about: "Plaatst een item, of JSON-regels van de standaardinvoer",
        args: &[
            ("title", "Titel van het item; `-` leest items als JSON-regels van de standaardinvoer"),
            ("incident", "Incident [standaard: het enige dat open is]"),
            ("kind", "Waar het over gaat: observation, water_level, evacuation, ..."),
            ("statement", "fact, assumption, forecast, bottleneck, decision, action of question"),
            (
                "fields",
                "Veld van de soort, zoals gauge=Borgharen of discharge_m3_s=3100; JSON of gewone \
                 tekst",
            ),
            ("body", "Langere tekst"),
            ("text_lang", "Taal van de tekst"),
            ("place", "Plaats in woorden"),
            ("at", "Breedte,lengte in graden (WGS 84)"),
            ("discipline", "Kolom die het meldt: fire, police, medical, water, ..."),
            ("party", "Partij die het meldt [standaard: die van het knooppunt]"),
            ("urgency", "Hoe dringend: past, future, expected of immediate"),
            ("severity", "Hoe ernstig: minor, moderate, severe of extreme"),
            ("certainty", "Hoe zeker: unlikely, possible, likely of observed"),
            ("observed", "Wanneer het gezien is: RFC 3339, of UU:MM vandaag [standaard: onbekend]"),
            ("until", "Tot wanneer het geldt"),
            ("verified_by", "Wie het bevestigde; het item geldt dan als bevestigd"),
            ("entry", "Item waarvan dit een nieuwe versie is"),
            ("withdraws", "Item dat het intrekt, zoals een advies dat nog geldt: UUID of naam"),
            ("contradicts", "Item dat het willens en wetens tegenspreekt: UUID of naam"),
            ("contact", "Regel van het boek die een waarschuwing noemt: UUID of naam"),
            (
                "must_see",
                "Partij die het moet zien, en na = wie gevraagd wordt als die te laat is: politie=brandweer",
            ),
            ("within", "Binnen hoelang zij moeten zeggen dat ze het zagen"),
            ("audience", "Doelgroep die het mag zien [standaard: iedereen die deelneemt]"),
            (
                "personal",
                "Er staan persoonsgegevens in: het wordt gewist als de tijd daarvoor om is",
            ),
            (
                "keep_until",
                "Tot wanneer persoonsgegevens bewaard worden [standaard: zoals het knooppunt staat]",
            ),
            ("attach", "Bestand dat als bijlage meegaat"),
            ("wait", "Wacht tot zoveel andere knooppunten het ook hebben"),
            (
                "wait_for",
                "Wacht tot dit knooppunt het heeft: naam, partij of sleutel-id; mag vaker",
            ),
            ("wait_time", "Wacht hoogstens zo lang"),
        ],
    },
    Text {
        path: "retract",
        about: "Trekt een item in",
        args: &[("name", "Volledige naam van het item, incidents/…/entries/…"), REASON],
    },
    Text {
        path: "list",
        about: "Toont items in een lijst",
        args: &[("limit", "Hoogstens zoveel"), ("page", "Paginatoken van de vorige lijst")],
    },
    Text {
        path: "watch",
        about: "Toont het beeld en daarna elke wijziging, live",
        args: &[
            ("now", "Alleen wat vanaf nu verandert"),
            ("every_record", "Elk record, in de volgorde waarin het knooppunt het opsloeg"),
            ("once", "Stopt zodra het beeld tot nu toe getoond is"),
        ],
    },
    Text {
        path: "as-of",
        about: "Toont wat op een moment bekend was, of gold",
        args: &[
            ("known", "Wat het knooppunt toen wist: RFC 3339, of UU:MM vandaag"),
            ("valid", "Wat er toen gold"),
        ],
    },
    Text { path: "status", about: "Toont wie het knooppunt is en hoe het ermee staat", args: &[] },
    Text {
        path: "links",
        about: "Toont live welke knooppunten verbonden of afgesneden zijn, sinds wanneer, en wat \
            elk mist",
        args: &[("once", "Toont de verbindingen zoals ze nu zijn en stopt")],
    },
    Text {
        path: "holders",
        about: "Toont van welke knooppunten bekend is dat ze een item hebben",
        args: &[("name", "Volledige naam van het item, incidents/…/entries/…")],
    },
    Text {
        path: "verify",
        about: "Controleert elke keten, hash en handtekening van een opslag, of van een archief",
        args: &[
            (
                "archive",
                "Archiefbestand dat op zichzelf gecontroleerd wordt, in plaats van een opslag",
            ),
            DATA_IDLE,
        ],
    },
    Text {
        path: "backup",
        about: "Schrijft een kloppende kopie van een opslag, ook terwijl die draait",
        args: &[
            ("file", "Bestand dat geschreven wordt"),
            DATA_IDLE,
            ("no_attachments", "Laat foto's en documenten weg"),
        ],
    },
    Text {
        path: "restore",
        about: "Maakt een opslag uit een back-up, met een nieuwe sleutel",
        args: &[("file", "Back-upbestand"), ("data", "Map voor de nieuwe opslag"), ENGINE_NEW],
    },
    Text {
        path: "compact",
        about: "Herschrijft de opslag van een draaiend knooppunt naar een nieuwe, van elke motor",
        args: &[("engine", "Opslagmotor van de nieuwe opslag [standaard: die hij heeft]")],
    },
    Text {
        path: "heads",
        about: "Schrijft op wat het knooppunt heeft, zodat een ander kan uitvoeren wat ontbreekt",
        args: &[TO, DATA_IDLE],
    },
    Text {
        path: "export",
        about: "Schrijft records naar een bestand, voor een knooppunt dat geen verbinding heeft",
        args: &[
            TO,
            (
                "heads",
                "Wat het andere knooppunt heeft, zoals zijn `polder heads` het schreef \
                 [standaard: niets]",
            ),
            ("incident", "Alleen dit incident; mag vaker gegeven worden [standaard: alle]"),
            ("attachments", "Ook foto's en documenten die de records noemen"),
            DATA_IDLE,
        ],
    },
    Text {
        path: "import",
        about: "Neemt een bundel van een ander knooppunt op, of speelt een scenariobestand af",
        args: &[
            ("file", "Bundel van `polder export`, of scenariobestand met JSON-regels"),
            (
                "data",
                "Bij een bundel: map van een opslag waar geen knooppunt op draait [standaard: het \
                 draaiende knooppunt]",
            ),
        ],
    },
    Text {
        path: "archive",
        about: "Schrijft een gesloten incident naar één bestand, of laat het hier los zodra het \
            bestand het heeft",
        args: &[
            INCIDENT_ID,
            (
                "audience",
                "Eén doelgroep ervan, die een eigen bestand heeft [standaard: wat aan iedereen \
                 gezegd is]",
            ),
            (
                "out",
                "Bestand dat geschreven wordt: alles wat er van het incident is, op zichzelf te \
                 controleren",
            ),
            ("drop", "Laat de records hier los, nadat gebleken is dat het bestand ze alle heeft"),
            ("file", "Bij --drop: het bestand dat eerder geschreven is"),
        ],
    },
    Text {
        path: "check",
        about: "Controleert een configuratiebestand en zegt wat er gebruikt zou worden",
        args: &[],
    },
    Text {
        path: "bench",
        about: "Meet dit programma naast de kale schijf en een kale echo",
        args: &[
            (
                "what",
                "Wat gemeten wordt: één knooppunt, de verbinding tussen twee, wat TLS kost, wat \
                 crisisteams zien, of een groot handvest",
            ),
            ("dir", "Map op de schijf die gemeten wordt [standaard: een tijdelijke]"),
            ("engines", "Opslagmotoren die gemeten worden"),
            ("entries", "Items in de grote opslag"),
            ("repeats", "Hoe vaak elke meting herhaald wordt; de mediaan telt"),
            ("only", "Alleen metingen met deze tekst in hun naam"),
        ],
    },
    Text {
        path: "completions",
        about: "Drukt aanvullingen voor een shell af",
        args: &[("shell", "Shell: bash, elvish, fish, powershell of zsh")],
    },
];
