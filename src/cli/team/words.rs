//! Words of crisis teams, in English and Dutch.

use polder_wire::v1::{
    AssistanceTrouble, CountBasis, DigestReason, MatterSort, RequestState, Section, SitrepTheme,
};

use super::super::words::Words;

macro_rules! words {
    ($($name:ident: $english:literal, $dutch:literal;)*) => {
        #[allow(missing_docs, reason = "the sentences say what they are")]
        impl Words {
            $(pub(in crate::cli) fn $name(self) -> &'static str {
                self.0.pick($english, $dutch)
            })*
        }
    };
}

mod public;
mod watch;

words! {
    open: "open", "open";
    decided: "decided", "besloten";
    no_contradictions: "Nothing contradicts anything.", "Niets spreekt elkaar tegen.";
    of_which_open: "of which open", "waarvan open";
    differ: "versions differ", "versies verschillen";
    says_so: "one says that it contradicts the other", "de een zegt de ander tegen te spreken";
    agrees: "in line with it", "daarmee te rijmen";
    expected: "expected", "verwacht";
    source: "source", "bron";
    basis: "basis", "grondslag";
    old: "old", "oud";
    versions_more: "versions more", "versies meer";
    contradictions_more: "contradictions more", "tegenspraken meer";
    no_such_contradiction: "no open contradiction has a name that begins with",
        "geen open tegenspraak heeft een naam die begint met";
    several_contradictions: "several open contradictions have a name that begins with",
        "meerdere open tegenspraken hebben een naam die begint met";
    too_many_versions: "too many versions take part: more than a decision can rest on",
        "er zijn te veel versies bij betrokken: meer dan waarop een besluit kan rusten";
    gaps_title: "What is missing", "Wat ontbreekt";
    sections: "Sections of the picture", "Onderdelen van het beeld";
    methane_needs_type: "say what happened: polder methane \"bus in the water\"", "zeg wat er gebeurd is: polder methane \"bus te water\"";
    methane_major: "Major incident? y/n", "Groot incident? j/n";
    methane_exact: "Exact location", "Exacte plaats";
    methane_type: "Type of incident: what happened", "Type incident: wat is er gebeurd";
    methane_hazards: "Hazards, present and possible", "Gevaren, nu en mogelijk";
    methane_access: "Access: routes that are safe", "Bereikbaarheid: veilige routes";
    methane_number: "Number of casualties:", "Aantal slachtoffers:";
    methane_dead: "dead", "overleden";
    methane_no_number: "is no number", "is geen getal";
    methane_services: "Emergency services that are needed", "Welke hulp is nodig";
    situation: "Situation picture", "Situatiebeeld";
    national: "Picture of the nation", "Landelijk beeld";
    scaling_title: "Phase, GRIP and teams", "Fase, GRIP en teams";
    digest_title: "What must be seen first by", "Wat het eerst gezien moet worden door";
    without_word: "parties without a word", "partijen zonder woord";
    clocks: "Clocks", "Klokken";
    in_time: "in time:", "op tijd:";
    clock_description: "first description", "eerste beschrijving";
    clock_processing: "verified and placed", "geverifieerd en geplaatst";
    clock_too_late: "too late", "te laat";
    clock_met: "done", "gereed";
    clock_left: "left:", "nog";
    no_owner: "nobody keeps it", "niemand houdt het bij";
    stale_not_shown: "stale and not shown", "verouderd en niet getoond";
    digest_empty: "Nothing to be seen.", "Niets om te zien.";
    held_back: "Held back", "Achtergehouden";
    indirect: "through others", "via anderen";
    this_node: "this node", "dit knooppunt";
    asks_for: "Asks for help:", "Vraagt om hulp:";
    earlier_left_out: "earlier ones left out", "eerdere weggelaten";
    opened_state: "opened", "geopend";
    in_force: "in force", "van kracht";
    began: "began", "gestart";
    ended: "ended", "beëindigd";
    called_in: "the plan brings in", "het plan roept op";
    section_incident: "incident", "incident";
    section_response: "response", "bestrijding";
    section_outlook: "prognosis and approach", "prognose en aanpak";
    nobody_filled: "nobody has filled it", "niemand heeft het gevuld";
    last_word: "last word", "laatste woord";
    parties_heard: "Parties", "Partijen";
    never_spoke: "has said nothing", "heeft niets gezegd";
    silent: "silent", "zwijgt";
    of_which_stale: "of which stale", "waarvan verouderd";
    parties_more: "parties more", "partijen meer";
    nobody_must_see: "Nothing waits for anybody to see it.", "Niets wacht erop gezien te worden.";
    must_see_before: "to be seen before", "gezien vóór";
    not_delivered: "not known to be delivered", "niet bekend of het bezorgd is";
    delivered: "delivered", "bezorgd";
    read_by: "read", "gelezen";
    not_read: "not read", "niet gelezen";
    read_earlier: "read an earlier version only", "alleen een eerdere versie gelezen";
    too_late: "LATE", "TE LAAT";
    now_asked: "now asked:", "nu gevraagd:";
    seen: "Recorded: you have seen it.", "Vastgelegd: u hebt het gezien.";
    waits_for: "not seen yet by", "nog niet gezien door";
    handover: "Hand-over", "Overdracht";
    handover_since: "since", "sinds";
    overdue: "Overdue", "Te laat";
    still_open: "Open", "Open";
    decided_since: "Decided", "Besloten";
    changed_since: "Changed, most urgent first", "Veranderd, het dringendste eerst";
    expected_ahead: "Expected", "Verwacht";
    contradicting: "Contradicting", "Tegenspraken";
    silent_parties: "Said nothing", "Niets gezegd";
    nothing_there: "none", "geen";
    more_lines: "more", "meer";
    due: "due", "uiterlijk";
    sitrep: "Sitrep", "Sitrep";
    a_draft: "draft", "concept";
    issued: "Issued", "Uitgegeven";
    issued_by: "By", "Door";
    picture_of: "Picture of", "Beeld van";
    scaling: "Scaling", "Opschaling";
    next_one: "Next", "Volgende";
    sitrep_recalled: "RECALLED", "INGETROKKEN";
    stale_left_out: "stale items left out", "verouderde items weggelaten";
    more_left_out: "further items left out", "verdere items weggelaten";
    no_such_sitrep: "no such sitrep", "zo'n sitrep is er niet";
    several_sitreps: "several teams have that number: say which with --team",
        "meerdere teams hebben dat nummer: zeg welk met --team";
    no_sitreps: "No sitrep has been issued.", "Er is geen sitrep uitgegeven.";
    no_difference: "They list the same.", "Ze sommen hetzelfde op.";
    decision_recorded: "Decision recorded:", "Besluit vastgelegd:";
    no_assistance: "Nobody asked for help or offered any.",
        "Niemand vroeg om bijstand of bood die aan.";
    free_offers: "Offered to whoever needs it", "Aangeboden aan wie het nodig heeft";
    requests_more: "requests more", "aanvragen meer";
    offers_more: "offers more", "aanbiedingen meer";
    help_late: "late", "te laat";
    asked_for: "asked", "gevraagd";
    accepted: "accepted", "aanvaard";
    short: "short", "tekort";
    to_be_had: "can be had", "nog te krijgen";
    en_route: "en route", "onderweg";
    arrived: "arrived", "aangekomen";
    given_back: "released", "vrijgegeven";
    offer_unseen: "an offer that is not to be seen here", "een aanbod dat hier niet te zien is";
    no_such_request: "no request has a name that begins with",
        "geen aanvraag heeft een naam die begint met";
    several_requests: "several requests have a name that begins with",
        "meerdere aanvragen hebben een naam die begint met";
    no_such_offer: "no offer has a name that begins with",
        "geen aanbod heeft een naam die begint met";
    several_offers: "several offers have a name that begins with",
        "meerdere aanbiedingen hebben een naam die begint met";
    which_request: "the offer answers no request: say for which one with --request",
        "het aanbod is niet voor een bepaalde aanvraag: zeg met --request voor welke";
    help_recorded: "Recorded:", "Vastgelegd:";
    forecast_title: "Forecasts, and what came true", "Verwachtingen, en wat er uitkwam";
    no_forecasts: "Nobody has made a forecast of water.", "Niemand deed een waterverwachting.";
    forecast_for: "for", "voor";
    forecast_higher: "higher than before", "hoger dan ervoor";
    forecast_lower: "lower than before", "lager dan ervoor";
    forecast_later: "later than before", "later dan ervoor";
    forecast_earlier: "earlier than before", "eerder dan ervoor";
    forecast_same: "as before", "zoals ervoor";
    forecast_replaced: "replaced since", "sindsdien vervangen";
    forecast_untold: "nobody has said what came of it", "niemand heeft gezegd wat ervan kwam";
    forecast_open: "no highest point was reported", "er is geen hoogste punt gemeld";
    forecast_came: "came true:", "uitgekomen:";
    forecast_too_high: "too high", "te hoog";
    forecast_too_low: "too low", "te laag";
    forecast_too_late: "too late", "te laat";
    forecast_too_early: "too early", "te vroeg";
    forecast_right: "as forecast", "zoals verwacht";
    review: "Review", "Evaluatie";
    review_mode: "Mode", "Soort";
    review_period: "From the first to the last word", "Van het eerste tot het laatste woord";
    review_lacks: "Not complete", "Niet volledig";
    review_lacks_versions: "earlier versions came to this node by a checkpoint only: ask one that has all",
        "eerdere versies kwamen hier alleen door een ijkpunt: vraag een knooppunt dat alles heeft";
    review_measures: "Measures", "Kengetallen";
    review_decisions: "Decisions, with what was known", "Besluiten, met wat toen bekend was";
    review_sitreps: "Sitreps", "Sitreps";
    review_open: "Left open", "Opengebleven";
    review_time_line: "Time line, by when it came here", "Tijdlijn, naar wanneer het hier kwam";
    review_seen: "seen", "gezien";
    review_changed: "changed", "gewijzigd";
    review_rival: "beside another version", "naast een andere versie";
    review_erased: "erased", "gewist";
    review_ground: "Legal ground", "Grondslag";
    review_why: "Why", "Waarom";
    review_weighed: "Weighed", "Afgewogen";
    review_basis: "Rests on", "Rust op";
    review_no_basis: "nothing that was cited", "niets dat is genoemd";
    review_unseen: "something that is not to be seen here", "iets dat hier niet te zien is";
    review_old_then: "old then", "oud toen";
    review_newer_then: "a newer version was here", "er was hier een nieuwere versie";
    review_half_within: "half within", "de helft binnen";
    review_tenth_above: "one in ten later than", "een op tien later dan";
    review_first: "First entry after the incident was opened", "Eerste item na het openen van het incident";
    review_described: "First description of the incident after that", "Eerste beschrijving van het incident daarna";
    review_people: "Per person in an hour in which they wrote", "Per persoon in een uur waarin die schreef";
    review_people_signed_in: "people who had signed in", "mensen die aangemeld waren";
    review_open_for: "half for longer than", "de helft langer dan";
    review_open_longest: "the longest", "de langste";
    review_said: "Said", "Gezegd";
    review_versions_of: "versions of", "versies van";
    review_entries: "entries", "items";
    review_busiest: "Busiest hour", "Drukste uur";
    review_parties: "By party", "Per partij";
    review_written_after: "From seen to written down", "Van gezien tot vastgelegd";
    review_here_after: "From written down to here", "Van vastgelegd tot hier";
    review_attention: "Had to be seen", "Moest gezien worden";
    review_asked: "asked", "gevraagd";
    review_decided_after: "From the last version to a decision", "Van de laatste versie tot een besluit";
    review_unanswered: "Questions without an answer", "Vragen zonder antwoord";
    review_stale: "Stale figures at the end", "Verouderde cijfers aan het eind";
    review_of: "of", "van";
}

impl Words {
    /// How far a request for help has come.
    pub(super) fn request_state(self, state: RequestState) -> &'static str {
        match state {
            RequestState::Unspecified => self.0.pick("not said", "niet gezegd"),
            RequestState::Asked => self.0.pick("asked", "gevraagd"),
            RequestState::Accepted => self.0.pick("promised", "toegezegd"),
            RequestState::PartlyMet => self.0.pick("partly there", "deels geleverd"),
            RequestState::Met => self.0.pick("met", "geleverd"),
            RequestState::Refused => self.0.pick("refused", "geweigerd"),
            RequestState::Withdrawn => self.0.pick("withdrawn", "ingetrokken"),
        }
    }

    /// What is wrong with an offer.
    pub(super) fn trouble(self, trouble: AssistanceTrouble) -> &'static str {
        match trouble {
            AssistanceTrouble::Unspecified => "?",
            AssistanceTrouble::Unseen => self.0.pick("not to be seen here", "hier niet te zien"),
            AssistanceTrouble::Elsewhere => {
                self.0.pick("is for another request", "is voor een andere aanvraag")
            }
            AssistanceTrouble::Contested => {
                self.0.pick("several requests accept it", "meerdere aanvragen aanvaarden het")
            }
            AssistanceTrouble::TooMuch => {
                self.0.pick("more accepted than there is", "meer aanvaard dan er is")
            }
            AssistanceTrouble::Withdrawn => {
                self.0.pick("accepted, then withdrawn", "aanvaard, daarna ingetrokken")
            }
            AssistanceTrouble::Expired => self.0.pick("stands no longer", "geldt niet meer"),
            AssistanceTrouble::Disputed => self.0.pick("versions differ", "versies verschillen"),
            AssistanceTrouble::Unsupported => {
                self.0.pick("nobody said to have", "niemand zei te hebben")
            }
            AssistanceTrouble::OtherModule => {
                self.0.pick("another capacity than was asked", "andere capaciteit dan gevraagd")
            }
        }
    }

    /// What a figure is of, by the field of the contract that holds it.
    pub(super) fn aspect(self, aspect: &str) -> String {
        let (english, dutch) = match aspect {
            "casualties.figures" => ("casualties", "slachtoffers"),
            "water_level.discharge_m3_s" => ("discharge", "afvoer"),
            "water_level.peak_discharge_m3_s" => ("highest discharge", "hoogste afvoer"),
            "water_level.level_m" => ("water level", "waterstand"),
            "water_level.peak_level_m" => ("highest level", "hoogste stand"),
            "water_level.depth_m" => ("depth", "waterdiepte"),
            "water_level.peak_depth_m" => ("greatest depth", "grootste waterdiepte"),
            "water_level.peak_time" => ("time of the peak", "tijdstip van de piek"),
            "outage.customers" => ("customers without service", "getroffen aansluitingen"),
            "outage.expected_repair_time" => ("end of the outage", "einde van de storing"),
            "outage.state" => ("state of the service", "toestand van de voorziening"),
            "measurement.readings" => ("reading", "meetwaarde"),
            "closure.state" => ("open or closed", "open of dicht"),
            "closure.expected_reopening_time" => ("reopening", "heropening"),
            "evacuation.people" => ("people to leave", "te evacueren mensen"),
            "evacuation.homes" => ("homes to be cleared", "te ontruimen woningen"),
            "evacuation.state" => ("leave or return", "vertrekken of terugkeren"),
            "care_capacity.state" => ("state of the institution", "toestand van de instelling"),
            "care_capacity.patients" => ("patients", "patiënten"),
            "care_capacity.beds.available" => ("free beds", "vrije bedden"),
            "care_capacity.beds.total" => ("beds", "bedden"),
            "resource.state" => ("state of the unit", "toestand van de eenheid"),
            "resource.quantity" => ("number", "aantal"),
            "warning.responses" => ("advice to the public", "advies aan de bevolking"),
            "warning.colour" => ("warning colour", "kleurcode"),
            "weather.precipitation_mm" => ("rain", "neerslag"),
            "weather.wind_speed_m_s" => ("wind", "wind"),
            "flood_defence.state" => ("state of the dike", "toestand van de waterkering"),
            "flood_defence.failure_mode" => ("what is wrong", "wat eraan mankeert"),
            "flood_defence.weak_spots" => ("weak spots", "zwakke plekken"),
            "flood_defence.length_m" => ("length concerned", "betrokken lengte"),
            "flood_defence.raised_m" => ("raised by", "opgehoogd met"),
            "reception.state" => ("state of the reception", "toestand van de opvang"),
            "reception.capacity" => ("places", "plaatsen"),
            "reception.present" => ("people present", "aanwezigen"),
            "facility.state" => ("state of the facility", "toestand van het object"),
            "facility.people" => ("people in it", "mensen erin"),
            "facility.less_self_reliant" => ("less self-reliant", "minder zelfredzaam"),
            "facility.customers" => ("customers of the facility", "klanten van het object"),
            "facility.holds_out" => ("hours that it holds out", "uren dat het overbrugt"),
            "scenario.likelihood" => ("likelihood of it", "waarschijnlijkheid ervan"),
            "scenario.scores" => ("score of the scenario", "score van het scenario"),
            "staffing.present" => ("people present", "mensen aanwezig"),
            "staffing.available" => ("people available", "mensen beschikbaar"),
            "staffing.on_duty" => ("people on duty", "mensen in dienst"),
            "staffing.resting" => ("people resting", "mensen die rusten"),
            // Of a newer node.
            other => return other.to_owned(),
        };
        self.0.pick(english, dutch).to_owned()
    }

    /// What a count rests on; empty when nothing is said.
    pub(super) fn count_basis(self, basis: CountBasis) -> &'static str {
        match basis {
            CountBasis::Unspecified => "",
            CountBasis::Estimated => self.0.pick("estimated", "geschat"),
            CountBasis::Counted => self.0.pick("counted", "geteld"),
            CountBasis::Registered => self.0.pick("registered", "uit een register"),
        }
    }

    /// Name of a section of the picture.
    pub(super) fn section(self, section: Section) -> &'static str {
        match section {
            Section::Unspecified => "?",
            Section::Incident => self.section_incident(),
            Section::Response => self.section_response(),
            Section::Outlook => self.section_outlook(),
        }
    }

    /// Heading of a theme of a sitrep.
    pub(super) fn theme(self, theme: SitrepTheme) -> &'static str {
        let (english, dutch) = match theme {
            SitrepTheme::Unspecified => ("Other", "Overig"),
            SitrepTheme::Incident => ("Incident", "Incident"),
            SitrepTheme::Response => ("Response", "Bestrijding"),
            SitrepTheme::Outlook => ("Prognosis and approach", "Prognose en aanpak"),
            SitrepTheme::Decisions => ("Decisions, last 24 hours", "Besluiten, laatste 24 uur"),
            SitrepTheme::Open => ("Open", "Openstaand"),
            SitrepTheme::Contradictions => ("Contradictions", "Tegenspraken"),
        };
        self.0.pick(english, dutch)
    }

    /// What has to be brought to an end; empty for what has not.
    pub(super) fn matter(self, sort: MatterSort) -> &'static str {
        let (english, dutch) = match sort {
            MatterSort::Unspecified => ("", ""),
            MatterSort::Decision => ("decision", "besluit"),
            MatterSort::Action => ("action", "actie"),
            MatterSort::Bottleneck => ("bottleneck", "knelpunt"),
            MatterSort::Question => ("question", "vraag"),
            MatterSort::Request => ("request", "aanvraag"),
            MatterSort::Attention => ("must be seen", "moet gezien worden"),
        };
        self.0.pick(english, dutch)
    }

    /// Why a reader should see something.
    pub(super) fn digest_reason(self, reason: DigestReason) -> &'static str {
        let (english, dutch) = match reason {
            DigestReason::Unspecified => ("Other", "Overig"),
            DigestReason::MustSee => {
                ("You must say that you saw it", "U moet zeggen dat u het zag")
            }
            DigestReason::Overdue => ("Yours and late", "Van u en te laat"),
            DigestReason::DueSoon => ("Yours and due within the hour", "Van u en binnen het uur"),
            DigestReason::Contradicts => ("Contradicting", "Tegenspraak"),
            DigestReason::Asked => ("Asked of you, or said to you", "Aan u gevraagd of gezegd"),
            DigestReason::Urgent => ("Urgent or severe", "Dringend of ernstig"),
            DigestReason::Decided => ("Decided", "Besloten"),
            DigestReason::Column => ("Of your column", "Van uw kolom"),
            DigestReason::Other => ("Of others", "Van anderen"),
        };
        self.0.pick(english, dutch)
    }

    /// An age, as long as matters.
    pub(super) fn age(self, ms: i64) -> String {
        let minutes = (ms / 60_000).max(0);
        let (hour, day) = self.0.pick(("h", "d"), ("u", "d"));
        match minutes {
            0..60 => format!("{minutes} min"),
            60..2880 => format!("{} {hour}", minutes / 60),
            _ => format!("{} {day}", minutes / 1440),
        }
    }
}
