//! What the program says to people, in English and Dutch. A sentence without its translation does
//! not compile.

use polder_picture::language::Language;
use polder_wire::v1::{Discipline, GripLevel, Mode, Phase, Role, Statement, VerificationState};

/// The reader's language.
#[derive(Debug, Clone, Copy)]
pub struct Words(pub Language);

macro_rules! words {
    ($($name:ident: $english:literal, $dutch:literal;)*) => {
        #[allow(missing_docs, reason = "the sentences say what they are")]
        impl Words {
            $(pub fn $name(self) -> &'static str {
                self.0.pick($english, $dutch)
            })*
        }
    };
}

words! {
    actual: "ACTUAL", "ECHT";
    exercise: "EXERCISE", "OEFENING";
    test: "TEST", "TEST";
    stale: "stale", "verouderd";
    unverified: "unverified", "onbevestigd";
    verified: "verified", "bevestigd";
    refuted: "refuted", "weerlegd";
    superseded: "superseded", "achterhaald";
    contradiction: "contradiction", "tegenspraak";
    retracted: "retracted", "ingetrokken";
    urgent: "URGENT", "SPOED";
    left: "no longer in this picture", "niet meer in dit beeld";
    held_by_this_node: "Held by this node", "Aanwezig op dit knooppunt";
    held_at: "Held by", "Aanwezig op";
    no_other_holder: "No other node is known to hold it.", "Van geen ander knooppunt is bekend dat het dit heeft.";
    the_operator: "the operator", "de beheerder ter plaatse";
    somebody: "somebody", "iemand";
    perhaps_seen: "may have shown it", "liet het mogelijk zien";
    signed_in: "Signed in:", "Aangemeld:";
    signed_out: "Signed out here and everywhere else at this node.",
        "Afgemeld, hier en overal elders bij dit knooppunt.";
    session_kept: "The session is kept in", "De sessie staat in";
    sees: "sees", "ziet";
    may: "may", "mag";
    no_grants: "no role here: you see nothing, and may do nothing",
        "geen rol hier: u ziet niets en mag niets";
    caller_operator: "The operator of this node: nobody needs to sign in here yet.",
        "De beheerder van dit knooppunt: niemand hoeft zich hier nog aan te melden.";
    caller_account: "Account of this node:", "Account van dit knooppunt:";
    caller_provider: "Known by an identity provider:", "Bekend bij een identiteitsprovider:";
    caller_guest: "Guest:", "Gast:";
    caller_system: "System of a party.", "Systeem van een partij.";
    guest: "guest", "gast";
    disabled: "may not sign in", "mag zich niet aanmelden";
    no_passphrase: "no passphrase", "geen wachtwoordzin";
    last_sign_in: "last signed in", "laatst aangemeld";
    no_accounts: "There are no accounts.", "Er zijn geen accounts.";
    account_removed: "Removed: its sessions have ended.", "Verwijderd: de sessies zijn beëindigd.";
    guest_ended: "Ended: the guest is out.", "Beëindigd: de gast is eruit.";
    invitation: "Invitation", "Uitnodiging";
    invitation_advice: "Tell it to the guest by another way than this; it is shown only now.",
        "Geef die langs een andere weg aan de gast door; ze wordt alleen nu getoond.";
    released: "Released as", "Vrijgegeven als";
    demo_people: "Sign in to see what each sees", "Meld u aan om te zien wat ieder ziet";
    recalled: "Recalled", "Teruggehaald";
    said_again: "Said again as", "Opnieuw gezegd als";
    entry_erased: "Erased", "Gewist";
    kept_by_others: "Versions of others stay; only they take those back",
        "Versies van anderen blijven; alleen zij halen die terug";
    does_not_count: "does not count under the charter", "telt niet mee volgens het handvest";
    entries: "entries", "items";
    contradictions: "contradictions", "tegenspraken";
    stale_items: "stale", "verouderd";
    retractions: "retracted", "ingetrokken";
    by_discipline: "By discipline", "Per kolom";
    by_kind: "By kind", "Per soort";
    by_statement: "By statement", "Per uitspraak";
    open_contradictions: "Open contradictions", "Openstaande tegenspraken";
    forked: "ends here: its key was used twice", "eindigt hier: de sleutel is twee keer gebruikt";
    branch_of: "is a branch of", "is een tak van";
    left_out: "Records still to come, left out by a checkpoint",
        "Records die nog komen, weggelaten bij een ijkpunt";
    set_aside: "Records that do not count under the charter",
        "Records die volgens het handvest niet meetellen";
    covered_to: "by a checkpoint up to", "bij een ijkpunt tot en met";
    new_key: "Starting again with a new key; what was lost comes back from the other nodes.",
        "Start opnieuw met een nieuwe sleutel; wat kwijt was komt terug van de andere knooppunten.";
    as_known_at: "As it was known at", "Zoals bekend op";
    says: "says", "meldt";
    none: "none", "geen";
    node: "Node", "Knooppunt";
    party: "Party", "Partij";
    store: "Store", "Opslag";
    health: "Health", "Toestand";
    log_position: "Log position", "Logpositie";
    records: "records", "records";
    incidents: "incidents", "incidenten";
    subscribers: "subscribers", "abonnees";
    feeds: "Feeds", "Feeds";
    disk_free: "free on the disk", "vrij op de schijf";
    healthy: "sound", "in orde";
    degraded: "limited", "beperkt";
    failed: "FAILED", "STORING";
    uptime: "up", "actief";
    attachments: "attachments", "bijlagen";
    listening: "Polder listens on", "Polder luistert op";
    admin_on: "metrics and health on", "metrieken en toestand op";
    plain_text: "Connections are not encrypted: loopback only.", "Verbindingen zijn niet versleuteld: alleen op deze machine.";
    code: "Code", "Code";
    code_advice: "Read it to whoever sets up the new node, and leave this command running; it holds for", "Lees hem voor aan wie het nieuwe knooppunt inricht en laat deze opdracht draaien; hij geldt";
    guest_came: "A node knows the code", "Een knooppunt kent de code";
    invitation_over: "The invitation is over.", "De uitnodiging is voorbij.";
    joined: "This node has joined the charter", "Dit knooppunt hoort nu bij het handvest";
    invited_by: "Invited by", "Uitgenodigd door";
    join_advice: "To keep a link with that node, put this in the configuration file:", "Zet dit in het configuratiebestand om een verbinding met dat knooppunt te houden:";
    encrypted: "Connections are encrypted (TLS 1.3). Key id of this node:", "Verbindingen zijn versleuteld (TLS 1.3). Sleutel-id van dit knooppunt:";
    knows_nobody: "There is no charter and no node is named in the configuration: no link is accepted or dialled off this machine.", "Er is geen handvest en de instellingen noemen geen knooppunt: buiten deze machine wordt geen verbinding aangenomen of gelegd.";
    local_on: "Programs of this machine, in plain text:", "Programma's op deze machine, onversleuteld:";
    page_at: "The picture in a browser:", "Het beeld in een browser:";
    stopping: "Stopping: streams end with a token, the last commit is finished.", "Stoppen: streams eindigen met een token, de laatste schrijfactie wordt afgemaakt.";
    stopped: "Stopped.", "Gestopt.";
    press_ctrl_c: "Press Ctrl-C to stop.", "Stop met Ctrl-C.";
    made_store: "A new store was made in", "Er is een nieuwe opslag gemaakt in";
    keep_key: "The node's key is in identity/node.key. It is not part of backups; keep it to yourself.", "De sleutel van het knooppunt staat in identity/node.key. Hij zit niet in back-ups; houd hem geheim.";
    published: "published", "geplaatst";
    refused: "refused", "geweigerd";
    line: "line", "regel";
    sound_log: "Every chain, hash and signature holds.", "Elke keten, hash en handtekening klopt.";
    signatures: "signatures", "handtekeningen";
    bad_record: "The first bad record", "Het eerste beschadigde record";
    of_feed: "of feed", "van feed";
    damaged_advice: "Restore a backup with `polder restore`; what the store still reads can be copied with `polder backup --data`.", "Zet een back-up terug met `polder restore`; wat de opslag nog leest, kopieert `polder backup --data`.";
    backup_written: "Backup written to", "Back-up geschreven naar";
    restored: "Restored with a new key into", "Teruggezet met een nieuwe sleutel in";
    restored_note: "The old key must never be used again: remove the old data directory.", "De oude sleutel mag nooit meer gebruikt worden: verwijder de oude gegevensmap.";
    compacted: "The store was rewritten", "De opslag is herschreven";
    config_sound: "The configuration is sound.", "De configuratie is in orde.";
    heads_written: "What this node holds was written to", "Wat dit knooppunt heeft, is geschreven naar";
    feeds_left_out: "more do not fit; a bundle brings those whole.", "meer passen er niet in; een bundel brengt die in hun geheel.";
    bundle_written: "Bundle written to", "Bundel geschreven naar";
    bundle_incomplete: "The bundle is damaged or was cut off. What could be stored is stored; ask for a new one, with new heads.", "De bundel is beschadigd of afgebroken. Wat opgeslagen kon worden, is opgeslagen; vraag om een nieuwe, met een nieuwe stand.";
    unreadable: "the file cannot be read to its end", "het bestand kan niet tot het einde gelezen worden";
    taken: "taken", "opgenomen";
    held_already: "held already", "al aanwezig";
    missing: "missing", "ontbreken";
    lane_urgent: "urgent", "spoed";
    lane_routine: "routine", "gewoon";
    lane_bulk: "bulk", "bulk";
    imported: "steps played", "stappen afgespeeld";
    created: "Opened", "Geopend";
    needs_members: "The charter names no members of it yet: only the party of who opened it sees it, at this node. Open it to others with `polder member {id} PARTY...` or `--everybody`.", "Het handvest noemt nog geen deelnemers: alleen de partij van wie het opende ziet het, op dit knooppunt. Stel het open voor anderen met `polder member {id} PARTIJ...` of `--everybody`.";
    updated: "Changed", "Gewijzigd";
    closed: "Closed", "Gesloten";
    closed_state: "closed", "gesloten";
    phase: "phase", "fase";
    teams: "teams", "teams";
    no_incidents: "There is no incident yet. Open one with `polder incident create`.", "Er is nog geen incident. Open er een met `polder incident create`.";
    which_incident: "There are several incidents: say which with --incident.", "Er zijn meer incidenten: kies er een met --incident.";
    snapshot_done: "The picture so far. Changes follow.", "Het beeld tot nu toe. Wijzigingen volgen.";
    reset: "The node could not go on where we were; the picture starts anew.", "Het knooppunt kon niet verder waar we waren; het beeld begint opnieuw.";
    reconnecting: "The connection was lost; trying again.", "De verbinding is verbroken; nieuwe poging.";
    whom_to_trust: "off this machine nothing goes in plain text: say whom to trust, with --node-key KEY or --ca FILE", "buiten deze machine gaat niets onversleuteld: zeg wie te vertrouwen is, met --node-key SLEUTEL of --ca BESTAND";
    unreachable: "The node cannot be reached at", "Het knooppunt is niet bereikbaar op";
    demo_intro: "The flood of July 2021 in Limburg, as it became known. An exercise: nothing here is happening now.", "Het hoogwater van juli 2021 in Limburg, zoals het bekend werd. Een oefening: niets hiervan gebeurt nu.";
    demo_cut_off: "── Limburg-Noord is cut off: it goes on alone ──", "── Limburg-Noord is afgesneden: het werkt alleen verder ──";
    demo_back: "── Limburg-Noord is back: the pictures become one ──", "── Limburg-Noord is terug: de beelden worden weer één ──";
    advice_asked: "Contradicts advice that still stands: refused until that is cited", "Spreekt een advies tegen dat nog geldt: geweigerd tot dat genoemd is";
    advice_cited: "With the relation WITHDRAWS to what stands it was published.", "Met de relatie WITHDRAWS naar wat gold is het gepubliceerd.";
    demo_one: "── The three pictures are one ──", "── De drie beelden zijn één ──";
    demo_same: "same", "gelijk";
    demo_apart: "apart", "uiteen";
    demo_type: "Type: cut noord, restore noord (or zuid, centrum).", "Typ: knip noord, herstel noord (of zuid, centrum).";
    demo_try: "In another terminal, try", "Probeer in een andere terminal";
    demo_stopped: "The scenario stops here. The node keeps serving.", "Het scenario stopt hier. Het knooppunt blijft draaien.";
    demo_done: "The scenario is over. The node keeps serving.", "Het scenario is afgelopen. Het knooppunt blijft draaien.";
    nodes: "nodes", "knooppunten";
    no_links: "This node has no links. Name others in [peers] or with `polder serve --link`.", "Dit knooppunt heeft geen verbindingen. Noem andere in [peers] of met `polder serve --link`.";
    earlier_to_come: "Here by checkpoint; earlier records still to come",
        "Hier via ijkpunt; eerdere records die nog komen";
    none_cut_off: "none cut off", "geen afgesneden";
    cut_off_of: "CUT OFF of", "AFGESNEDEN van";
    connected: "connected", "verbonden";
    cut_off: "CUT OFF", "AFGESNEDEN";
    through: "via", "via";
    heard_through: "heard of through", "gehoord via";
    since: "since", "sinds";
    heard: "heard", "gehoord";
    ago: "ago", "geleden";
    never: "never", "nooit";
    unknown: "unknown", "onbekend";
    at_least: "at least", "minstens";
    today: "today", "vandaag";
    of: "of", "van";
    missing_here: "missing here", "mist hier";
    missing_there: "missing there", "mist daar";
    catch_up: "catch-up", "bijwerken";
    in_step: "in step", "gelijk";
    round_trip: "round trip", "heen en terug";
    clock: "its clock is", "zijn klok loopt";
    ahead: "ahead", "voor";
    behind: "behind", "achter";
    hour: "h", "u";
    sealed: "sealed", "verzegeld";
    late: "late records came after", "nagekomen records";
    feeds_unsealed: "feeds the seal does not name", "reeksen die het zegel niet noemt";
    archived: "archived", "gearchiveerd";
    only_in: "only in the file", "alleen nog in het bestand";
    came_since: "records came since: archive them too", "records kwamen daarna: archiveer ook die";
    archive_written: "Written:", "Geschreven:";
    archive_next: "Check it: polder verify --archive FILE. Then free the room: polder archive ID --drop --file FILE.", "Controleer het: polder verify --archive BESTAND. Maak daarna ruimte: polder archive ID --drop --file BESTAND.";
    archive_audiences: "Also held here: what was said to", "Hier staat ook: wat gezegd is tegen";
    archive_each: "Archive each with --audience ID.", "Archiveer elk met --audience ID.";
    audience: "audience", "doelgroep";
    archive_sound: "The archive holds: every chain, hash and signature.", "Het archief klopt: elke keten, hash en handtekening.";
    archive_damaged: "The archive does not hold. Nothing was changed. Use another copy of it.", "Het archief klopt niet. Er is niets veranderd. Gebruik een andere kopie.";
    archive_dropped: "Dropped here; the incident stays in the list, its records are in the file. Keep the file.", "Hier losgelaten; het incident blijft in de lijst, de records staan in het bestand. Bewaar het bestand.";
    archive_compact: "The room comes back with use; at once with: polder compact.", "De ruimte komt vanzelf vrij; meteen met: polder compact.";
    late_none: "none came late", "niets kwam later";
    unsealed: "closed without a seal: nobody knows what came late", "gesloten zonder zegel: wat later kwam is niet bekend";
    addendum_of: "addendum of", "aanvulling op";
    attachments_not_in: "attachments were not held and are not in it", "bijlagen waren er niet en zitten er niet in";
    erased: "attachments erased", "bijlagen gewist";
    from_to: "to", "tot en met";
    clearing: "room is still being freed", "er komt nog ruimte vrij";
    urgent_missing_there: "of them urgent", "daarvan met spoed";
    held_here: "this node", "dit knooppunt";
    known_since: "known since", "bekend sinds";
    not_known: "not known to hold it", "niet bekend of het dit heeft";
    held_by: "held by", "bij";
    held_by_of: "of", "van";
    stored_here: "Stored here", "Hier opgeslagen";
    waiting_for: "waiting for", "wachten op";
    also_held_by: "Also held by", "Ook opgeslagen bij";
    not_yet_held: "Stored here: nothing is lost, and it travels on by itself. But not yet known to be held as asked", "Hier opgeslagen: er is niets verloren en het reist vanzelf verder. Maar nog niet bekend als opgeslagen zoals gevraagd";
    see_holders: "Look again with `polder holders`.", "Kijk later met `polder holders`.";
    valid_at: "holding at", "geldig op";
    known_at: "known at", "bekend op";
    nothing: "nothing matches", "niets gevonden";
    more: "more: ask with --page", "meer: vraag door met --page";
    time: "Time", "Tijd";
    key_written: "Key written to", "Sleutel geschreven naar";
    public_key: "Public key", "Publieke sleutel";
    key_advice: "Keep the file in one place only, and a copy of it locked away unused: two that sign at once count against the key.", "Gebruik het bestand op één plaats en bewaar een kopie ongebruikt achter slot: twee die tegelijk tekenen, tellen tegen de sleutel.";
    key_readable: "others can read this key", "anderen kunnen deze sleutel lezen";
    key_file: "FILE", "BESTAND";
    passphrase: "Passphrase", "Wachtwoordzin";
    passphrase_again: "The same once more", "Nogmaals dezelfde";
    passphrase_differs: "the two passphrases differ", "de twee wachtwoordzinnen verschillen";
    passphrase_empty: "an empty passphrase protects nothing; --no-passphrase says that it is meant", "een lege wachtwoordzin beschermt niets; --no-passphrase zegt dat het zo bedoeld is";
    passphrase_wrong: "the passphrase is wrong, or the file is damaged", "de wachtwoordzin klopt niet, of het bestand is beschadigd";
    no_key: "this is no Ed25519 key in PKCS#8", "dit is geen Ed25519-sleutel in PKCS#8";
    charter: "Charter:", "Handvest:";
    no_charter: "This node has no charter yet. Found one with `polder charter create`, or bring that of others with `polder charter load`.", "Dit knooppunt heeft nog geen handvest. Sticht er een met `polder charter create`, of breng dat van anderen met `polder charter load`.";
    has_charter: "this node has a charter already, for good", "dit knooppunt heeft al een handvest, voorgoed";
    counts: "It counts.", "Het telt.";
    disputed: "Keys cut each other off: only what it denies counts.", "Sleutels sluiten elkaar uit: alleen wat het ontzegt, telt.";
    counts_for_nothing: "On record, but it counts for nothing yet: too few signatures with the power for it. Who has it, adds one with:", "Vastgelegd, maar het telt nog niet: te weinig handtekeningen die dit mogen. Wie het mag, tekent erbij met:";
    signature_number: "signature number", "handtekening nummer";
    signed_already: "this key signed it already", "deze sleutel heeft dit al getekend";
    which_id: "names nothing, or several things: give at least 6 digits of what `polder charter show` lists", "noemt niets, of meer dingen: geef minstens 6 tekens van wat `polder charter show` toont";
    which_last: "Say with --last up to which signature of this key is to stand. The charter knows of", "Zeg met --last tot en met welke handtekening van deze sleutel blijft staan. Het handvest kent er";
    feeds_unlisted: "this node holds too many feeds to name where those of the other end: say --nothing-stands", "dit knooppunt heeft te veel feeds om te zeggen waar die van de ander eindigen: gebruik --nothing-stands";
    nothing_to_end: "there is nothing like that that counts", "er is niets dergelijks dat telt";
    no_party: "is no party of the charter", "is geen partij van het handvest";
    no_charter_file: "this is no file of `polder charter save`", "dit is geen bestand van `polder charter save`";
    charter_written: "Charter written to", "Handvest geschreven naar";
    statements: "statements", "verklaringen";
    anchors: "Anchors", "Ankers";
    needed: "signatures needed to change them:", "handtekeningen nodig om hen te wijzigen:";
    powers: "Others who sign", "Anderen die tekenen";
    everything: "everything but anchors", "alles behalve ankers";
    nodes_and_roles_of: "nodes and roles of", "knooppunten en rollen van";
    members_of: "who takes part in", "wie meedoet aan";
    all: "all", "alle";
    cut_after: "CUT OFF after number", "AFGESNEDEN na nummer";
    used_twice: "USED TWICE from number", "TWEE KEER GEBRUIKT vanaf nummer";
    parties: "Parties", "Partijen";
    audiences: "Audiences", "Doelgroepen";
    incident_members: "Who takes part", "Wie meedoet";
    plans: "Plans: whom a region brings in when it scales up", "Plannen: wie een regio erbij haalt als ze opschaalt";
    no_warning: "is no warning to the public", "is geen waarschuwing aan de bevolking";
    plan_needs_key: "a change of the plan is signed: give --key FILE", "een wijziging van het plan wordt ondertekend: geef --key BESTAND";
    plan_end_alone: "--end stands alone: leave --bring and --team away", "--end staat alleen: laat --bring en --team weg";
    plan_calls: "Called in by a plan", "Opgeroepen volgens plan";
    no_plan: "has no plan: make one with --bring and --team", "heeft geen plan: maak er een met --bring en --team";
    people: "People", "Personen";
    nodes_heading: "Nodes", "Knooppunten";
    revoked: "REVOKED", "INGETROKKEN";
    every_party: "every party", "elke partij";
    until: "until", "tot";
    not_counting: "Counts no more, or not yet", "Telt niet meer, of nog niet";
    withdrawn: "withdrawn or replaced", "ingetrokken of vervangen";
    too_few_signatures: "too few signatures: statement", "te weinig handtekeningen: verklaring";
    warn_clock: "clock in doubt", "klok onzeker";
}

impl Words {
    /// Name of a mode.
    pub fn mode(self, mode: Mode) -> &'static str {
        match mode {
            Mode::Actual => self.actual(),
            Mode::Exercise => self.exercise(),
            Mode::Test => self.test(),
            Mode::Unspecified => "?",
        }
    }

    /// Name of a discipline.
    pub fn discipline(self, discipline: Discipline) -> &'static str {
        let (english, dutch) = match discipline {
            Discipline::Unspecified => ("unstated", "onbekend"),
            Discipline::ControlRoom => ("control room", "meldkamer"),
            Discipline::Fire => ("fire", "brandweer"),
            Discipline::Police => ("police", "politie"),
            Discipline::Medical => ("medical", "GHOR"),
            Discipline::PopulationCare => ("population", "bevolkingszorg"),
            Discipline::Water => ("water", "water"),
            Discipline::Defence => ("defence", "defensie"),
            Discipline::Vital => ("vital", "vitaal"),
            Discipline::Transport => ("transport", "vervoer"),
            Discipline::Meteorology => ("weather", "weer"),
            Discipline::Communication => ("communication", "communicatie"),
            Discipline::Government => ("government", "bestuur"),
            Discipline::Relief => ("relief", "hulporganisatie"),
        };
        self.0.pick(english, dutch)
    }

    /// Name of a statement.
    pub fn statement(self, statement: Statement) -> &'static str {
        let (english, dutch) = match statement {
            Statement::Unspecified => ("unstated", "onbekend"),
            Statement::Fact => ("fact", "feit"),
            Statement::Assumption => ("assumption", "aanname"),
            Statement::Forecast => ("forecast", "prognose"),
            Statement::Bottleneck => ("bottleneck", "knelpunt"),
            Statement::Decision => ("decision", "besluit"),
            Statement::Action => ("action", "actie"),
            Statement::Question => ("question", "vraag"),
        };
        self.0.pick(english, dutch)
    }

    /// Name of a role.
    /// A right, by the word that a node tells.
    pub fn right(self, right: &str) -> String {
        let dutch = match right {
            "look" => "meekijken",
            "read" => "lezen",
            "publish" => "melden",
            "lead" => "leiden",
            "invite" => "uitnodigen",
            "carry" => "meenemen",
            "audit" => "controleren",
            "administer" => "beheren",
            other => other,
        };
        self.0.pick(right, dutch).to_owned()
    }

    /// What a person is there for.
    pub fn role(self, role: Role) -> &'static str {
        let (english, dutch) = match role {
            Role::Unspecified => ("unstated", "onbekend"),
            Role::Reader => ("reader", "lezer"),
            Role::Liaison => ("liaison", "liaison"),
            Role::ColumnHead => ("column head", "hoofd kolom"),
            Role::InformationManager => ("information manager", "informatiemanager"),
            Role::OperationalLeader => ("operational leader", "operationeel leider"),
            Role::Auditor => ("auditor", "auditor"),
            Role::Administrator => ("administrator", "beheerder"),
        };
        self.0.pick(english, dutch)
    }

    /// Name of a verification state; unverified when nothing is said.
    pub fn verification(self, state: VerificationState) -> &'static str {
        match state {
            VerificationState::Verified => self.verified(),
            VerificationState::Refuted => self.refuted(),
            VerificationState::Superseded => self.superseded(),
            VerificationState::Unverified | VerificationState::Unspecified => self.unverified(),
        }
    }

    /// Name of a phase.
    pub fn phase_name(self, phase: Phase) -> &'static str {
        let (english, dutch) = match phase {
            Phase::Unspecified => ("unstated", "onbekend"),
            Phase::Cold => ("cold", "koud"),
            Phase::Lukewarm => ("lukewarm", "lauw"),
            Phase::Warm => ("warm", "warm"),
            Phase::Aftercare => ("aftercare", "nafase"),
        };
        self.0.pick(english, dutch)
    }

    /// Name of a kind.
    pub fn kind(self, kind: &str) -> String {
        let dutch = match kind {
            "observation" => "waarneming",
            "casualties" => "slachtoffers",
            "water_level" => "waterstand",
            "outage" => "uitval",
            "measurement" => "meting",
            "closure" => "afsluiting",
            "evacuation" => "evacuatie",
            "care_capacity" => "zorgcapaciteit",
            "resource" => "eenheid",
            "assistance_request" => "bijstandsaanvraag",
            "warning" => "waarschuwing",
            "weather" => "weer",
            "decision" => "besluit",
            "action" => "actie",
            "drawing" => "tekening",
            "message" => "bericht",
            "flood_defence" => "waterkering",
            "reception" => "opvang",
            "assistance_offer" => "bijstandsaanbod",
            "facility" => "object",
            "scenario" => "scenario",
            "staffing" => "bezetting",
            "citizen_report" => "burgermelding",
            "threshold" => "drempel",
            "contact" => "contactgegevens",
            "retraction" => "intrekking",
            other => return other.replace('_', " "),
        };
        match self.0 {
            Language::Dutch => dutch.to_owned(),
            Language::English => kind.replace('_', " "),
        }
    }
}

/// GRIP level as people say it.
pub fn grip(level: GripLevel) -> &'static str {
    match level {
        GripLevel::Unspecified => "GRIP -",
        GripLevel::GripLevel0 => "GRIP 0",
        GripLevel::GripLevel1 => "GRIP 1",
        GripLevel::GripLevel2 => "GRIP 2",
        GripLevel::GripLevel3 => "GRIP 3",
        GripLevel::GripLevel4 => "GRIP 4",
        GripLevel::GripLevel5 => "GRIP 5",
    }
}
