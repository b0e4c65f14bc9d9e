//! Help texts in Dutch of the commands about people, by command and argument.

use super::help::Text;

const ACCOUNT: (&str, &str) = ("account", "Naam van het account");
const UNTIL: (&str, &str) = ("until", "Tot wanneer: een tijdstip, of een duur zoals 8h");

/// Every command about people who sign in.
pub(super) const COMMANDS: &[Text] = &[
    Text {
        path: "login",
        about: "Meldt u aan bij een knooppunt",
        args: &[
            ACCOUNT,
            ("passphrase_file", "Bestand met de wachtwoordzin [standaard: er wordt om gevraagd]"),
            ("invitation", "Meldt u aan als gast, met wat `polder guest invite` gaf"),
            ("print", "Toont de sessie in plaats van haar te bewaren, voor --token"),
        ],
    },
    Text {
        path: "audit",
        about: "Vertelt wie een item gezien heeft, of wat iemand gedaan heeft",
        args: &[
            (
                "entry",
                "Volledige naam van het item, incidents/…/entries/… [standaard: alles wat er \
                 gedaan is]",
            ),
            ("person", "Alleen wat deze persoon deed"),
            ("incident", "Alleen wat in dit incident gedaan is [standaard: in alle]"),
            ("since", "Alleen wat op of na dit tijdstip gedaan is"),
            ("until", "Alleen wat voor dit tijdstip gedaan is"),
            ("csv", "Rijen met komma's ertussen, voor een rekenblad"),
        ],
    },
    Text { path: "logout", about: "Beëindigt elke sessie bij een knooppunt", args: &[] },
    Text { path: "whoami", about: "Toont wie u bij een knooppunt bent en wat u mag", args: &[] },
    Text { path: "account", about: "Beheert accounts van een knooppunt", args: &[] },
    Text {
        path: "account set",
        about: "Maakt een account van dit knooppunt, of wijzigt het",
        args: &[
            ("account", "Naam waarmee de persoon zich aanmeldt, zoals j.jansen@example.nl"),
            ("name", "Naam voor mensen [standaard: zoals die is]"),
            (
                "roles",
                "Wat het mag, ROL:PARTIJ of ROL:PARTIJ:INCIDENT; mag vaker. Deze en geen andere \
                 [standaard: zoals ze zijn]. Heeft het knooppunt een handvest, dan geeft dat de \
                 rollen",
            ),
            (
                "passphrase",
                "Vraagt om een nieuwe wachtwoordzin; zonder wordt er altijd om gevraagd",
            ),
            ("passphrase_file", "Bestand met de wachtwoordzin"),
            ("no_passphrase", "Zonder wachtwoordzin: iemand die een identiteitsprovider kent"),
            ("disable", "Mag zich niet meer aanmelden, en is er meteen uit"),
            ("enable", "Mag zich weer aanmelden"),
        ],
    },
    Text { path: "account list", about: "Toont accounts en gasten", args: &[] },
    Text {
        path: "account remove",
        about: "Verwijdert een account: de sessies eindigen meteen",
        args: &[ACCOUNT],
    },
    Text { path: "guest", about: "Laat gasten binnen, en eruit", args: &[] },
    Text {
        path: "guest invite",
        about: "Laat iemand binnen, bij een paar doelgroepen van één incident, tot een tijdstip",
        args: &[
            ("name", "Wie er uitgenodigd wordt, voor mensen"),
            ("incident", "Incident [standaard: het enige dat open is]"),
            ("audience", "Doelgroepen die de gast mag zien"),
            UNTIL,
            ("party", "Partij namens wie de gast binnenkomt [standaard: de uwe]"),
            ("may_report", "De gast mag ook melden, en niet alleen lezen"),
        ],
    },
    Text { path: "guest list", about: "Toont gasten", args: &[] },
    Text {
        path: "guest end",
        about: "Beëindigt een uitnodiging: de gast is er meteen uit",
        args: &[ACCOUNT],
    },
    Text {
        path: "release",
        about: "Maakt een item bekend aan een andere doelgroep",
        args: &[
            ("name", "Volledige naam van het item, incidents/…/entries/…"),
            ("audience", "Doelgroep die het ook mag zien, of `all`"),
            ("title", "Wat daar verteld wordt in plaats van de titel"),
            ("text_lang", "Taal van die tekst"),
            ("without_sources", "Laat bronnen en bijlagen weg"),
        ],
    },
    Text {
        path: "recall",
        about: "Haalt terug wat aan te velen gezegd is: knooppunten laten het los",
        args: &[
            ("name", "Volledige naam van het item, incidents/…/entries/…"),
            (
                "audience",
                "Doelgroep voor wie het blijft, onder een andere naam [standaard: niemand]",
            ),
            ("reason", "Waarom; wie het had krijgt dat te horen"),
        ],
    },
    Text {
        path: "erase",
        about: "Wist wat een item zei, op elk knooppunt dat het heeft; dat het gebeurde blijft staan",
        args: &[
            ("name", "Volledige naam van het item, incidents/…/entries/…"),
            ("reason", "Waarom; dat blijft leesbaar"),
        ],
    },
];
