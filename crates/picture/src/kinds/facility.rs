//! An object or service point: what it provides, what it depends on, and who is in it.

use polder_wire::v1::{
    CountQualifier, Dependency, Entry, Facility, FacilityState, FacilityType, VitalService,
    entry::Body,
};

use super::{
    Kind,
    counts::{amount, count},
    line, subject,
};
use crate::{
    check::{Checker, ENTRY},
    entry::{check_geometry, is_surface},
    language::Language,
    names::EntryName,
};

pub(super) const KIND: Kind = Kind {
    field: 118,
    name: "facility",
    // Stands there until somebody says otherwise.
    useful_life: None,
    settles_itself: false,
    text_required: false,
    check,
    figures,
};

/// A year: nothing holds out longer.
const HOLDS_OUT_MAX_S: i64 = 365 * 86_400;

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::Facility(body)) = &entry.body else {
        return;
    };
    check.text("designation", &body.designation, 1..=200);
    check.enumeration::<FacilityType>("type", body.r#type, true);
    check.enumeration::<FacilityState>("state", body.state, false);
    check.time("state_time", body.state_time.as_ref());
    check.enumerations::<VitalService>("provides", &body.provides, 16);
    if let Some(area) = &body.service_area {
        check.within("service_area", |check| check_geometry(area, check));
        if area.shape.is_some() && !is_surface(area) {
            check.wrong("service_area", "NOT_A_SURFACE", "must be a polygon or circle");
        }
    }
    check.each("dependencies", &body.dependencies, 0..=32, check_dependency);
    count(check, "people", body.people.as_ref());
    count(check, "less_self_reliant", body.less_self_reliant.as_ref());
    check_people(body, check);
    count(check, "customers", body.customers.as_ref());
    check.text("operator", &body.operator, 0..=200);
    check.time("expected_back_time", body.expected_back_time.as_ref());
}

fn check_people(body: &Facility, check: &mut Checker<'_>) {
    let (Some(all), Some(some)) = (&body.people, &body.less_self_reliant) else { return };
    let open =
        all.qualifier() == CountQualifier::AtLeast || some.qualifier() == CountQualifier::AtMost;
    if some.value > all.value && !open {
        let sentence = format!("is {}, more than there are people: {}", some.value, all.value);
        check.within("less_self_reliant", |check| check.wrong("value", "OUT_OF_RANGE", sentence));
    }
}

fn check_dependency(check: &mut Checker<'_>, dependency: &Dependency) {
    let alone = dependency.suppliers.is_empty();
    check.enumeration::<VitalService>("service", dependency.service, alone);
    check.each("suppliers", &dependency.suppliers, 0..=8, |check, supplier| {
        check.name("", supplier, true, EntryName::parse, ENTRY);
    });
    if let Some(holds_out) = &dependency.holds_out {
        let in_range = (0..=HOLDS_OUT_MAX_S).contains(&holds_out.seconds)
            && (0..1_000_000_000).contains(&holds_out.nanos);
        if !in_range {
            check.wrong("holds_out", "OUT_OF_RANGE", "must be 0 to 365 days");
        }
    }
    check.text("backup", &dependency.backup, 0..=200);
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::Facility(body)) = &entry.body else {
        return String::new();
    };
    let people = |people, english: &str, dutch: &str| match amount(people, language) {
        amount if amount.is_empty() => amount,
        amount => format!("{amount} {}", language.pick(english, dutch)),
    };
    line([
        subject(entry, &body.designation),
        format!("{} {}", type_word(body.r#type(), language), state_word(body.state(), language))
            .trim_end()
            .to_owned(),
        people(body.people.as_ref(), "people", "mensen"),
        people(body.less_self_reliant.as_ref(), "less self-reliant", "minder zelfredzaam"),
    ])
}

fn type_word(of: FacilityType, language: Language) -> &'static str {
    let (english, dutch) = match of {
        FacilityType::Unspecified => ("", ""),
        FacilityType::PowerSubstation => ("power substation", "onderstation"),
        FacilityType::PowerPlant => ("power plant", "elektriciteitscentrale"),
        FacilityType::GasStation => ("gas station", "gasstation"),
        FacilityType::DrinkingWaterWorks => ("drinking water works", "drinkwaterbedrijf"),
        FacilityType::SewageWorks => ("sewage works", "rioolwaterzuivering"),
        FacilityType::PumpingStation => ("pumping station", "gemaal"),
        FacilityType::LockOrWeir => ("lock or weir", "sluis of stuw"),
        FacilityType::TelecomSite => ("telecom site", "telecomlocatie"),
        FacilityType::DataCentre => ("data centre", "datacenter"),
        FacilityType::ControlRoom => ("control room", "meldkamer"),
        FacilityType::EmergencyStation => ("emergency station", "post hulpdienst"),
        FacilityType::Hospital => ("hospital", "ziekenhuis"),
        FacilityType::NursingHome => ("nursing home", "verpleeghuis"),
        FacilityType::CareHome => ("care home", "zorginstelling"),
        FacilityType::School => ("school", "school"),
        FacilityType::Childcare => ("childcare", "kinderopvang"),
        FacilityType::Prison => ("prison", "gevangenis"),
        FacilityType::AsylumCentre => ("asylum centre", "asielzoekerscentrum"),
        FacilityType::ChemicalPlant => ("chemical plant", "chemisch bedrijf"),
        FacilityType::NuclearPlant => ("nuclear plant", "nucleaire installatie"),
        FacilityType::RailwayStation => ("railway station", "treinstation"),
        FacilityType::BridgeOrTunnel => ("bridge or tunnel", "brug of tunnel"),
        FacilityType::FuelDepot => ("fuel depot", "brandstofdepot"),
        FacilityType::LivestockFarm => ("livestock farm", "veehouderij"),
        FacilityType::HotelOrCampSite => ("hotel or camp site", "hotel of camping"),
        FacilityType::Other => ("other facility", "ander object"),
    };
    language.pick(english, dutch)
}

fn state_word(state: FacilityState, language: Language) -> &'static str {
    match state {
        FacilityState::Unspecified => "",
        FacilityState::InUse => language.pick("in use", "in bedrijf"),
        FacilityState::Degraded => language.pick("degraded", "verstoord"),
        FacilityState::Out => language.pick("out", "uitgevallen"),
        FacilityState::Cleared => language.pick("cleared", "ontruimd"),
    }
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::{Geometry, Position, geometry::Shape};
    use prost_types::Duration;

    use super::*;
    use crate::kinds::testing::{Wrong, long, never, refuses, says};

    fn body(body: &mut Body) -> Option<&mut Facility> {
        match body {
            Body::Facility(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<Facility>] = &[
            (|b| b.designation.clear(), "designation", "REQUIRED"),
            (|b| b.designation = long(200), "designation", "TOO_LONG"),
            (|b| b.r#type = 0, "type", "REQUIRED"),
            (|b| b.r#type = 27, "type", "UNKNOWN_VALUE"),
            (|b| b.state = 5, "state", "UNKNOWN_VALUE"),
            (|b| b.state_time = never(), "state_time", "TIME_OUT_OF_RANGE"),
            (|b| b.expected_back_time = never(), "expected_back_time", "TIME_OUT_OF_RANGE"),
            (|b| b.provides = vec![1, 1], "provides[1]", "DUPLICATE"),
            (
                |b| {
                    let point = Position { latitude: 50.0, longitude: 5.0 };
                    let shape = Some(Shape::Point(point));
                    b.service_area = Some(Geometry { shape, accuracy_m: 0.0 });
                },
                "service_area",
                "NOT_A_SURFACE",
            ),
            (|b| b.dependencies = vec![b.dependencies[0].clone(); 33], "dependencies", "TOO_MANY"),
            (
                |b| (b.dependencies[0].service, b.dependencies[0].suppliers) = (0, Vec::new()),
                "dependencies[0].service",
                "REQUIRED",
            ),
            (
                |b| b.dependencies[0].suppliers = vec!["the substation".into()],
                "dependencies[0].suppliers[0]",
                "MALFORMED_NAME",
            ),
            (
                |b| b.dependencies[0].holds_out = Some(Duration { seconds: -1, nanos: 0 }),
                "dependencies[0].holds_out",
                "OUT_OF_RANGE",
            ),
            (
                |b| {
                    let seconds = HOLDS_OUT_MAX_S + 1;
                    b.dependencies[0].holds_out = Some(Duration { seconds, nanos: 0 });
                },
                "dependencies[0].holds_out",
                "OUT_OF_RANGE",
            ),
            (|b| b.dependencies[0].backup = long(200), "dependencies[0].backup", "TOO_LONG"),
            (|b| b.people.as_mut().unwrap().basis = 9, "people.basis", "UNKNOWN_VALUE"),
            (
                |b| b.less_self_reliant.as_mut().unwrap().value = 1_000,
                "less_self_reliant.value",
                "OUT_OF_RANGE",
            ),
            (|b| b.customers.as_mut().unwrap().basis = 9, "customers.basis", "UNKNOWN_VALUE"),
            (|b| b.operator = long(200), "operator", "TOO_LONG"),
        ];
        refuses("facility", body, rows);
    }

    #[test]
    fn the_line_says_what_it_is_and_who_is_in_it() {
        says(
            "facility",
            "VieCuri Venlo, hospital in use, about 400 people, about 240 less self-reliant",
            "VieCuri Venlo, ziekenhuis in bedrijf, ongeveer 400 mensen, ongeveer 240 minder \
             zelfredzaam",
        );
    }
}
