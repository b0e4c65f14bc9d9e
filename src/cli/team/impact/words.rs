//! Words of what fails next and of scenarios, in English and Dutch.

use polder_wire::v1::{AssumptionState, EffectState, ImpactCriterion, ImpactMatch, ReturnState};

use crate::cli::words::Words;

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

words! {
    impact_title: "What fails next", "Wat er hierna uitvalt";
    goes_down: "Facilities", "Objecten";
    is_down: "down", "uitgevallen";
    will_fail: "will fail", "vallen uit";
    may_fail: "may fail", "vallen misschien uit";
    people_in_them: "people in those that are down or will fail", "mensen in wat uitviel of uitvalt";
    what_if_changes_nothing: "That takes nothing down earlier.", "Dat laat niets eerder uitvallen.";
    suppliers_unseen: "suppliers are not to be seen here and count as working",
        "leveranciers zijn hier niet te zien en tellen als werkend";
    vulnerable: "Vulnerable facilities where there is danger",
        "Kwetsbare objecten waar gevaar is";
    people_there: "people", "mensen";
    of_whom_less_self_reliant: "of whom less self-reliant", "onder wie minder zelfredzaam";
    uncounted: "did not say how many", "zeiden niet hoeveel";
    takes_down: "takes down", "daarmee ook";
    perhaps_already: "perhaps already", "misschien al";
    otherwise: "otherwise", "anders";
    otherwise_not: "otherwise not", "anders niet";
    fails: "fails", "valt uit";
    by_its_own_words: "down by its own words", "uitgevallen naar eigen zeggen";
    without_service: "without", "zonder";
    holds_out: "holds out", "overbrugt";
    holds_out_not: "holds out no moment", "overbrugt niets";
    holds_out_unknown: "how long it holds out is not known", "hoe lang het dat overbrugt is onbekend";
    supposed: "supposed", "verondersteld";
    repair_expected: "repair expected", "herstel verwacht";
    comes_back: "What comes back", "Wat terugkomt";
    repair_changes_nothing: "That brings nothing back earlier or later.",
        "Dat laat niets eerder of later terugkomen.";
    works_again: "works again", "werkt weer";
    goes_down_at: "goes down", "valt uit";
    went_down_at: "down since", "uitgevallen sinds";
    would_go_down_at: "would go down", "zou uitvallen";
    goes_down_again: "goes down again", "valt weer uit";
    goes_on_waiting: "waits for", "wacht op";
    its_own_words: "what it says of itself", "wat het van zichzelf zegt";
    otherwise_unknown: "otherwise not known when", "anders onbekend wanneer";
    back_stands_alone: "--back supposes that something works again, --what-if and --facility that it fails: not both",
        "--back veronderstelt dat iets weer werkt, --what-if en --facility dat het uitvalt: niet beide";
    outage_or_what_if: "--outage asks of what is so, --what-if and --facility of what is not",
        "--outage vraagt naar wat zo is, --what-if en --facility naar wat niet zo is";
    what_if_or_facility: "--what-if or --facility: not both", "--what-if of --facility: niet beide";
    what_if_needs_where: "--what-if needs --near LAT,LON,RADIUS or --place PLACE",
        "--what-if heeft --near BREEDTE,LENGTE,STRAAL of --place PLAATS nodig";
    where_needs_what_if: "--near and --place say where the service of --what-if fails",
        "--near en --place zeggen waar de dienst van --what-if uitvalt";
    when_needs_what_if: "--from says when --what-if, --facility or --back happens, --until how long the first two last",
        "--from zegt wanneer --what-if, --facility of --back gebeurt, --until hoe lang de eerste twee duren";
    no_such_facility: "no outage or facility has an id that begins with",
        "geen uitval of object heeft een id die begint met";
    several_facilities: "several have an id that begins with",
        "meerdere hebben een id die begint met";
    scenarios_title: "Scenarios", "Scenario's";
    no_scenarios: "Nobody has drawn up a scenario.", "Niemand heeft een scenario opgesteld.";
    scenario_by: "by", "door";
    scenario_until: "until", "tot";
    scenario_gone: "replaced meanwhile", "intussen vervangen";
    likelihood_differs: "likelihood of the same scenario differs",
        "waarschijnlijkheid van hetzelfde scenario verschilt";
    scores_differ: "differ", "verschillen";
    highest_score: "worst", "ergste";
    assumptions: "Assumptions", "Aannames";
    assumption_cites: "what it cites", "wat het aanhaalt";
    scenario_expects: "expects", "verwacht";
    scenarios_more: "scenarios more", "scenario's meer";
    comparisons_more: "subjects more", "onderwerpen meer";
}

impl Words {
    /// How sure it is that something goes down.
    pub(super) fn effect_state(self, state: EffectState) -> &'static str {
        match state {
            EffectState::Unspecified => "?",
            EffectState::Down => self.0.pick("down", "uitgevallen"),
            EffectState::WillFail => self.0.pick("will fail", "valt uit"),
            EffectState::MayFail => self.0.pick("may fail", "valt misschien uit"),
        }
    }

    /// What becomes of something that is down.
    pub(super) fn return_state(self, state: ReturnState) -> &'static str {
        match state {
            ReturnState::Unspecified => "?",
            ReturnState::Back => self.0.pick("works again", "werkt weer"),
            ReturnState::ComesBack => self.0.pick("comes back", "komt terug"),
            ReturnState::StaysDown => self.0.pick("stays down", "blijft uit"),
            ReturnState::Spared => self.0.pick("spared", "blijft gespaard"),
        }
    }

    /// How one thing is known to concern another.
    pub(super) fn found(self, found: ImpactMatch) -> &'static str {
        match found {
            ImpactMatch::Unspecified => "?",
            ImpactMatch::Area => self.0.pick("lies in the area", "ligt in het gebied"),
            ImpactMatch::Place => self.0.pick("same place by name", "zelfde plaats, naar naam"),
            ImpactMatch::Supplier => {
                self.0.pick("named as its supplier", "genoemd als leverancier")
            }
            ImpactMatch::ServiceArea => {
                self.0.pick("lies in the service area", "ligt in het verzorgingsgebied")
            }
        }
    }

    /// What became of an assumption.
    pub(in crate::cli::team) fn assumption(self, state: AssumptionState) -> &'static str {
        match state {
            AssumptionState::Unspecified => "?",
            AssumptionState::TextOnly => self.0.pick("cites nothing", "haalt niets aan"),
            AssumptionState::Stands => self.0.pick("stands", "staat nog"),
            AssumptionState::Unseen => self.0.pick("not to be seen here", "hier niet te zien"),
            AssumptionState::Stale => self.stale(),
            AssumptionState::Disputed => self.contradiction(),
            AssumptionState::Superseded => self.superseded(),
            AssumptionState::Withdrawn => self.retracted(),
            AssumptionState::Refuted => self.refuted(),
        }
    }

    /// The national security interest of a criterion, with its number.
    pub(in crate::cli::team) fn interest(self, criterion: ImpactCriterion) -> &'static str {
        let number = criterion_number(criterion).bytes().next().unwrap_or_default();
        let (english, dutch) = match number {
            b'1' => ("Territorial security", "Territoriale veiligheid"),
            b'2' => ("Physical security", "Fysieke veiligheid"),
            b'3' => ("Economic security", "Economische veiligheid"),
            b'4' => ("Ecological security", "Ecologische veiligheid"),
            b'5' => ("Social and political stability", "Sociale en politieke stabiliteit"),
            b'6' => (
                "International rule of law and stability",
                "Internationale rechtsorde en stabiliteit",
            ),
            _ => ("", ""),
        };
        self.0.pick(english, dutch)
    }

    /// A criterion of the national risk assessment.
    pub(in crate::cli::team) fn criterion(self, criterion: ImpactCriterion) -> &'static str {
        use ImpactCriterion as By;
        let (english, dutch) = match criterion {
            By::Unspecified => ("?", "?"),
            By::Territory => ("territory", "grondgebied"),
            By::InternationalPosition => ("international position", "internationale positie"),
            By::DigitalDomain => ("digital domain", "digitale ruimte"),
            By::AlliedTerritory => ("territory of allies", "grondgebied van bondgenoten"),
            By::Deaths => ("deaths", "doden"),
            By::SeriousInjury => {
                ("serious injury, chronic illness", "ernstig gewonden, chronisch zieken")
            }
            By::BasicNeeds => ("lack of basic needs", "gebrek aan levensbehoeften"),
            By::Costs => ("costs", "kosten"),
            By::EconomicVitality => ("vitality of the economy", "vitaliteit van de economie"),
            By::Nature => ("nature and environment", "natuur en milieu"),
            By::DailyLife => ("daily life", "dagelijks leven"),
            By::DemocraticOrder => ("democratic constitutional state", "democratische rechtsstaat"),
            By::Society => ("impact on society", "maatschappelijke impact"),
            By::StateSovereignty => ("sovereignty of states", "soevereiniteit van staten"),
            By::HumanRights => ("human rights", "mensenrechten"),
            By::EconomicOrder => {
                ("international economic order", "internationaal economisch bestel")
            }
            By::MultilateralInstitutions => {
                ("multilateral institutions", "multilaterale instituties")
            }
            By::NeighbouringStates => ("stability around us", "stabiliteit om ons heen"),
        };
        self.0.pick(english, dutch)
    }
}

/// Its number in the national risk assessment.
pub(in crate::cli::team) fn criterion_number(criterion: ImpactCriterion) -> &'static str {
    use ImpactCriterion as By;
    match criterion {
        By::Unspecified => "",
        By::Territory => "1.1",
        By::InternationalPosition => "1.2",
        By::DigitalDomain => "1.3",
        By::AlliedTerritory => "1.4",
        By::Deaths => "2.1",
        By::SeriousInjury => "2.2",
        By::BasicNeeds => "2.3",
        By::Costs => "3.1",
        By::EconomicVitality => "3.2",
        By::Nature => "4.1",
        By::DailyLife => "5.1",
        By::DemocraticOrder => "5.2",
        By::Society => "5.3",
        By::StateSovereignty => "6.1",
        By::HumanRights => "6.2",
        By::EconomicOrder => "6.3",
        By::MultilateralInstitutions => "6.4",
        By::NeighbouringStates => "6.5",
    }
}
