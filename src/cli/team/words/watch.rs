//! Words of what is watched for, who is there, and what citizens told.

use polder_wire::v1::{ReportCategory, SignalState, StaffSort};

use super::Words;

words! {
    signals_title: "Early signals", "Vroege signalen";
    capacity_title: "Units and people", "Eenheden en mensen";
    reports_title: "What citizens reported", "Wat burgers meldden";
    watch_is_now: "--watch tells what is so now: leave out --known and --raised",
        "--watch toont wat nu zo is: laat --known en --raised weg";
    watch_ended: "the node has ended the watch: start it again", "het knooppunt kijkt niet meer: begin opnieuw";
    daily_title: "Daily watch", "Dagelijks beeld";
    daily_signals: "Signals", "Signalen";
    daily_quiet: "no figure passes a threshold", "geen cijfer overschrijdt een drempel";
    daily_none: "no incident is open", "er is geen incident open";
    daily_changed: "new or changed", "nieuw of veranderd";
    daily_contradicting: "open contradictions", "open tegenspraken";
    daily_late: "late", "te laat";
    daily_opened: "opened", "geopend";
    daily_gaps: "nobody filled:", "niet gevuld:";
    daily_silent: "said nothing:", "zweeg:";
    daily_ahead: "expected", "verwacht";
    incidents_heading: "Incidents", "Incidenten";
    no_signals: "No figure passes a threshold.", "Geen cijfer overschrijdt een drempel.";
    no_thresholds: "No threshold watches in open incidents of this mode (--mode).",
        "Er waakt geen drempel in open incidenten van deze soort (--mode).";
    thresholds_watch: "thresholds watch", "drempels waken";
    threshold_watches: "threshold watches", "drempel waakt";
    nobody_reports: "Nobody reports", "Niemand meldt";
    signals_more: "signals more", "signalen meer";
    thresholds_more: "thresholds more", "drempels meer";
    incidents_unlooked: "incidents were not looked at", "incidenten zijn niet bekeken";
    signal_stale: "old", "verouderd";
    signal_disputed: "somebody says otherwise", "iemand zegt iets anders";
    signal_national: "national", "landelijk";
    signal_told: "told", "gemeld";
    signal_beyond: "beyond by", "voorbij met";
    signal_within: "within by", "erbinnen met";
    signal_since: "since", "sinds";
    forecast_since: "forecast since", "verwacht sinds";
    signal_over: "no longer since", "niet meer sinds";
    signal_expected: "expected by", "verwacht om";
    capacity_units: "Units and goods", "Eenheden en middelen";
    capacity_staff: "People", "Mensen";
    capacity_ends: "Ends, and nobody takes over", "Loopt af, en niemand lost af";
    capacity_rest: "On duty for longer than", "Langer in dienst dan";
    capacity_disputed: "Said differently", "Verschillend gemeld";
    no_capacity: "Nobody tells of units or people.", "Niemand meldt eenheden of mensen.";
    count_available: "available", "beschikbaar";
    count_alerted: "alerted", "gealarmeerd";
    count_deployed: "deployed", "ingezet";
    count_exhausted: "exhausted", "uitgeput";
    count_out_of_order: "out of order", "buiten dienst";
    state_unsaid: "state not said", "toestand niet gemeld";
    count_with_people: "people with them", "mensen erbij";
    of_old_figures: "by old figures", "naar verouderde cijfers";
    groups_of_people: "groups", "groepen";
    group_of_people: "group", "groep";
    count_present: "present", "aanwezig";
    count_on_duty: "on duty", "in dienst";
    count_resting: "resting", "rusten";
    capacity_ended: "ended", "afgelopen";
    no_reports: "Nobody reported anything.", "Niemand meldde iets.";
    no_reports_wait: "No report waits.", "Er wacht geen melding.";
    report_one: "report", "melding";
    reports_many: "reports", "meldingen";
    reports_wait: "waiting", "wachten";
    reports_done: "dealt with", "afgehandeld";
    report_groups_more: "groups more", "groepen meer";
    reports_unlooked: "older reports were not looked at", "oudere meldingen zijn niet bekeken";
    promoted_to: "promoted:", "overgenomen:";
    no_such_group: "no group has a report whose name begins with",
        "geen groep heeft een melding waarvan de naam begint met";
    several_groups: "several groups have a report whose name begins with",
        "meerdere groepen hebben een melding waarvan de naam begint met";
    nothing_waits: "every report of that group was promoted or refuted",
        "elke melding van die groep is overgenomen of weerlegd";
    promoted_as: "Promoted:", "Overgenomen:";
    reports_left: "reports more than one entry can cite: promote the group again for those",
        "meldingen meer dan één item kan noemen: neem de groep daarvoor nog eens over";
}

impl Words {
    /// What a signal is.
    pub(in crate::cli::team) fn signal_state(self, state: SignalState) -> &'static str {
        let (english, dutch) = match state {
            SignalState::Unspecified => ("?", "?"),
            SignalState::Passed => ("PASSED", "OVERSCHREDEN"),
            SignalState::Expected => ("expected", "verwacht"),
            SignalState::Over => ("over", "voorbij"),
        };
        self.0.pick(english, dutch)
    }

    /// Whose people they are.
    pub(in crate::cli::team) fn staff_sort(self, sort: StaffSort) -> &'static str {
        let (english, dutch) = match sort {
            StaffSort::Unspecified => ("?", "?"),
            StaffSort::Own => ("own staff", "eigen mensen"),
            StaffSort::Volunteers => ("volunteers", "vrijwilligers"),
            StaffSort::Spontaneous => ("spontaneous help", "spontane hulp"),
        };
        self.0.pick(english, dutch)
    }

    /// What sort of thing citizens told.
    pub(in crate::cli::team) fn report_category(self, category: ReportCategory) -> &'static str {
        let (english, dutch) = match category {
            ReportCategory::Unspecified => ("?", "?"),
            ReportCategory::PersonInDanger => ("people in danger", "mensen in gevaar"),
            ReportCategory::Flooding => ("flooding", "wateroverlast"),
            ReportCategory::Damage => ("damage", "schade"),
            ReportCategory::Outage => ("outage", "uitval"),
            ReportCategory::Obstruction => ("obstruction", "versperring"),
            ReportCategory::FireOrSmoke => ("fire or smoke", "brand of rook"),
            ReportCategory::Substance => {
                ("smell, leak or substance", "lucht, lek of gevaarlijke stof")
            }
            ReportCategory::Disorder => ("disorder", "ordeverstoring"),
            ReportCategory::NeedOfHelp => ("help needed", "hulp nodig"),
            ReportCategory::OfferOfHelp => ("help offered", "hulp aangeboden"),
            ReportCategory::Question => ("question", "vraag"),
            ReportCategory::Rumour => ("rumour", "gerucht"),
            ReportCategory::Other => ("other", "overig"),
        };
        self.0.pick(english, dutch)
    }
}
