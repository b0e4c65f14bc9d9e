//! Help texts in Dutch of the commands about the charter, by command and argument.

use super::help::Text;

const KEY: (&str, &str) =
    ("key", "Sleutelbestand waarmee getekend wordt, van `polder charter key`");
const PASSPHRASE: (&str, &str) = (
    "passphrase_file",
    "Bestand met de wachtwoordzin van de sleutel [standaard: er wordt om gevraagd]",
);
const NOTE: (&str, &str) = ("note", "Waarom, in één regel; staat in het handvest");
const ID: (&str, &str) = ("id", "Id: 1 tot 63 tekens uit a-z 0-9 -, eerst een letter");
const NAMES: (&str, &str) =
    ("names", "Naam voor mensen, Nederlands of als CODE=NAAM; mag vaker [standaard: het id]");
const END: (&str, &str) = ("end", "Beëindigt het meteen, en waarom");

/// Every command about the charter.
pub(super) const COMMANDS: &[Text] = &[
    Text {
        path: "charter",
        about: "Sticht het handvest, toont het en brengt het over: wie is wie en wie mag wat zien",
        args: &[],
    },
    Text {
        path: "charter key",
        about: "Maakt een sleutel voor iemand die gaat tekenen",
        args: &[
            ("file", "Bestand dat geschreven wordt; wat er al is, wordt nooit overschreven"),
            PASSPHRASE,
            ("no_passphrase", "Laat de sleutel onversleuteld: wie het bestand leest, kan tekenen"),
        ],
    },
    Text {
        path: "charter create",
        about: "Sticht het handvest van een knooppunt, voorgoed",
        args: &[
            ("name", "Naam van het handvest zoals mensen die zeggen"),
            ("holder", "Van wie de sleutel is"),
            ("anchor", "Ander anker: publieke sleutel en van wie die is; mag vaker"),
            ("needed", "Hoeveel ankers moeten tekenen wat ankers wijzigt"),
            KEY,
            PASSPHRASE,
            NOTE,
        ],
    },
    Text {
        path: "charter show",
        about: "Toont wie wie is en wie wat mag zien",
        args: &[("all", "Ook wat niet meer telt, of nog niet")],
    },
    Text {
        path: "charter power",
        about: "Laat een andere sleutel alles tekenen, of een deel",
        args: &[
            ("public_key", "Publieke sleutel, 64 hexadecimale tekens"),
            ("holder", "Van wie die is"),
            ("anchor", "Maakt het een anker: dat mag alles"),
            ("everything", "Alles behalve ankers en bevoegdheden zoals deze"),
            ("party", "Knooppunten en rollen van deze partij; mag vaker"),
            ("incident", "Wie aan dit incident meedoet, of `all`: aan alle; mag vaker"),
            KEY,
            PASSPHRASE,
            NOTE,
        ],
    },
    Text {
        path: "charter endorse",
        about: "Tekent wat anderen zeiden en wat meer handtekeningen nodig heeft",
        args: &[
            (
                "statement",
                "Verklaring, zoals `polder charter show --all` die toont; de eerste tekens volstaan",
            ),
            KEY,
            PASSPHRASE,
            NOTE,
        ],
    },
    Text {
        path: "charter save",
        about: "Schrijft alles wat gezegd is naar een bestand",
        args: &[("file", "Bestand dat geschreven wordt")],
    },
    Text {
        path: "charter load",
        about: "Voegt toe wat in een bestand van `polder charter save` staat",
        args: &[("file", "Bestand van `polder charter save`")],
    },
    Text {
        path: "party",
        about: "Zegt in het handvest dat een organisatie bestaat, of zegt het opnieuw",
        args: &[
            ID,
            NAMES,
            ("discipline", "Kolom: fire, police, medical, water, ..."),
            ("country", "Land, ISO 3166-1"),
            ("contact", "Hoe ze op elk uur te bereiken is"),
            KEY,
            PASSPHRASE,
            NOTE,
        ],
    },
    Text {
        path: "audience",
        about: "Noemt een groep partijen in het handvest, of noemt die opnieuw",
        args: &[
            ID,
            NAMES,
            ("party", "Partij die erbij hoort; mag vaker. Deze en geen andere"),
            KEY,
            PASSPHRASE,
            NOTE,
        ],
    },
    Text {
        path: "member",
        about: "Laat partijen aan een incident meedoen, of beëindigt dat",
        args: &[
            ("incident", "Id van het incident"),
            ("parties", "Partijen die meedoen"),
            ("everybody", "Elke partij van het handvest doet mee"),
            END,
            KEY,
            PASSPHRASE,
            NOTE,
        ],
    },
    Text {
        path: "plan",
        about: "Zegt wie een regio erbij haalt als ze opschaalt, toont of beëindigt dat",
        args: &[
            ("region", "Regio: een partij van het handvest"),
            (
                "bring",
                "Partijen die een GRIP-niveau erbij haalt, als NIVEAU=PARTIJ,PARTIJ; mag vaker",
            ),
            (
                "team",
                "Team dat een GRIP-niveau oproept, als NIVEAU=TEAM of NIVEAU=TEAM:MINUTEN waarbinnen \
                 het werkt; mag vaker [standaard: de minuten van de wet]",
            ),
            END,
            KEY,
            PASSPHRASE,
            NOTE,
        ],
    },
    Text {
        path: "role",
        about: "Geeft een persoon een rol, of beëindigt die",
        args: &[
            ("person", "Naam waarmee de persoon zich aanmeldt, zoals j.jansen@example.nl"),
            (
                "role",
                "Rol: reader, liaison, column-head, information-manager, operational-leader, \
                 auditor of administrator",
            ),
            ("party", "Partij waarvoor de persoon werkt"),
            ("incident", "Alleen in dit incident [standaard: in alle]"),
            ("until", "Eindigt dan vanzelf"),
            END,
            KEY,
            PASSPHRASE,
            NOTE,
        ],
    },
    Text {
        path: "certify",
        about: "Laat een knooppunt voor partijen spreken en hebben wat zij mogen zien",
        args: &[
            ("party", "Partij waarvoor het knooppunt spreekt; mag vaker"),
            (
                "public_key",
                "Publieke sleutel van het knooppunt, 64 hexadecimale tekens, zoals `polder \
                 status` daar toont [standaard: het gevraagde knooppunt]",
            ),
            ("name", "Naam van het knooppunt zoals mensen die zeggen [standaard: die het heeft]"),
            KEY,
            PASSPHRASE,
            NOTE,
        ],
    },
    Text {
        path: "revoke",
        about: "Neemt terug wat het handvest geeft: een knooppunt, een sleutel of iets uit de lijst",
        args: &[
            (
                "id",
                "Sleutel-id van een knooppunt of persoon, of wat `polder charter show` toont; de \
                 eerste tekens volstaan",
            ),
            ("reason", "Waarom"),
            (
                "last",
                "Bij de sleutel van een persoon: nummer van de laatste handtekening die blijft",
            ),
            (
                "nothing_stands",
                "Bij een knooppunt: niets wat het ooit schreef blijft staan [standaard: wat het \
                 gevraagde knooppunt ervan heeft]",
            ),
            KEY,
            PASSPHRASE,
            NOTE,
        ],
    },
    Text {
        path: "invite",
        about: "Nodigt een knooppunt uit in het handvest, met een code om voor te lezen, en \
                bevestigt het als het komt",
        args: &[
            ("party", "Partij waarvoor het nieuwe knooppunt spreekt"),
            ("valid", "Hoe lang de code geldt: een seconde tot een dag"),
            KEY,
            PASSPHRASE,
            NOTE,
        ],
    },
    Text {
        path: "join",
        about: "Brengt een knooppunt in het handvest van een ander, met een code van daar",
        args: &[
            ("address", "Knooppunt dat uitnodigt: host en poort"),
            ("code", "Code die voorgelezen is"),
            (
                "data",
                "Map van een opslag waarop geen knooppunt draait [standaard: het draaiende \
                 knooppunt wordt gevraagd]",
            ),
        ],
    },
];
