//! Words of help between countries, in both languages.

use polder_wire::v1::{HelpCosts, HelpTransport, HostSupport, ReliefModule};

use crate::language::Language;

/// A capacity.
pub(super) fn module(module: ReliefModule, language: Language) -> &'static str {
    use ReliefModule as Of;
    let (english, dutch) = match module {
        Of::Unspecified => ("", ""),
        Of::HighCapacityPumping => ("high capacity pumping", "pompen met grote capaciteit"),
        Of::WaterPurification => ("water purification", "waterzuivering"),
        Of::FloodRescueBoats => ("flood rescue with boats", "redding met boten"),
        Of::FloodContainment => ("flood containment", "waterkering"),
        Of::MediumUrbanSearchAndRescue => {
            ("medium urban search and rescue", "zoeken en redden, middelzwaar")
        }
        Of::HeavyUrbanSearchAndRescue => {
            ("heavy urban search and rescue", "zoeken en redden, zwaar")
        }
        Of::GroundForestFireFighting => ("forest fire fighting", "natuurbrandbestrijding"),
        Of::AerialForestFireFighting => {
            ("aerial forest fire fighting", "natuurbrandbestrijding vanuit de lucht")
        }
        Of::EmergencyMedicalTeam => ("emergency medical team", "medisch noodteam"),
        Of::MedicalEvacuation => ("medical evacuation", "medische evacuatie"),
        Of::CbrnDetection => ("CBRN detection", "CBRN-verkenning"),
        Of::CbrnDecontamination => ("CBRN decontamination", "CBRN-ontsmetting"),
        Of::EmergencyShelter => ("emergency shelter", "noodonderdak"),
        Of::TechnicalAssistance => ("technical assistance and support", "technische ondersteuning"),
        Of::EnergySupply => ("energy supply", "energievoorziening"),
        Of::Goods => ("goods", "goederen"),
        Of::Other => ("other capacity", "andere capaciteit"),
    };
    language.pick(english, dutch)
}

/// What a guest needs.
pub fn support(support: HostSupport, language: Language) -> &'static str {
    let (english, dutch) = match support {
        HostSupport::Unspecified => ("", ""),
        HostSupport::Fuel => ("fuel", "brandstof"),
        HostSupport::Quarters => ("quarters", "onderdak"),
        HostSupport::FoodAndWater => ("food and water", "eten en drinken"),
        HostSupport::Guides => ("guides", "gidsen"),
        HostSupport::Interpreters => ("interpreters", "tolken"),
        HostSupport::Papers => ("papers", "papieren"),
        HostSupport::MedicalCare => ("medical care", "medische zorg"),
        HostSupport::Transport => ("transport", "vervoer"),
        HostSupport::Communications => ("communications", "verbindingen"),
        HostSupport::Security => ("security", "beveiliging"),
    };
    language.pick(english, dutch)
}

/// How help comes, and where it comes in.
pub(super) fn comes(transport: HelpTransport, entry_point: &str, language: Language) -> String {
    let (english, dutch) = match transport {
        HelpTransport::Unspecified => ("", ""),
        HelpTransport::OwnRoad => ("by road", "over de weg"),
        HelpTransport::OwnAir => ("by air", "door de lucht"),
        HelpTransport::OwnRailOrWater => ("by rail or water", "over spoor of water"),
        HelpTransport::Needed => ("must be fetched", "moet gehaald worden"),
    };
    let way = language.pick(english, dutch);
    if entry_point.is_empty() {
        return way.to_owned();
    }
    format!("{way} {} {entry_point}", language.pick("over", "via")).trim().to_owned()
}

/// Who pays.
pub(super) fn costs(costs: HelpCosts, language: Language) -> &'static str {
    let (english, dutch) = match costs {
        HelpCosts::Unspecified => ("", ""),
        HelpCosts::Giver => ("the giver pays", "de gever betaalt"),
        HelpCosts::Receiver => ("the receiver pays", "de ontvanger betaalt"),
        HelpCosts::Shared => ("costs are shared", "kosten worden gedeeld"),
        HelpCosts::ToBeAgreed => ("costs to be agreed", "kosten nog af te spreken"),
    };
    language.pick(english, dutch)
}

/// The number that it has elsewhere.
pub(super) fn number(number: &str, language: Language) -> String {
    match number {
        "" => String::new(),
        number => format!("{} {number}", language.pick("no.", "nr.")),
    }
}
