//! A service that failed, or came back.

use polder_wire::v1::{Entry, OutageState, VitalService, entry::Body};

use super::{
    Kind,
    counts::{count, counted},
    hours, line,
};
use crate::{check::Checker, language::Language};

pub(super) const KIND: Kind = Kind {
    field: 103,
    name: "outage",
    // Most are repaired, or told anew by the operator, within a shift.
    useful_life: hours(6),
    settles_itself: false,
    text_required: false,
    check,
    figures,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::Outage(body)) = &entry.body else {
        return;
    };
    check.enumeration::<VitalService>("service", body.service, true);
    check.enumeration::<OutageState>("state", body.state, false);
    count(check, "customers", body.customers.as_ref());
    check.time("expected_repair_time", body.expected_repair_time.as_ref());
    check.enumerations::<VitalService>("depends_on", &body.depends_on, 16);
    check.text("operator", &body.operator, 0..=200);
    check.time("start_time", body.start_time.as_ref());
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::Outage(body)) = &entry.body else {
        return String::new();
    };
    let service = service_word(body.service(), language);
    let state = state_word(body.state(), language);
    let customers = body.customers.as_ref();
    line([
        counted(customers, language, ["customer", "customers"], ["klant", "klanten"]),
        format!("{service} {state}").trim().to_owned(),
    ])
}

fn state_word(state: OutageState, language: Language) -> &'static str {
    match state {
        OutageState::Unspecified => "",
        OutageState::Threatened => language.pick("threatened", "bedreigd"),
        OutageState::Degraded => language.pick("degraded", "verstoord"),
        OutageState::Out => language.pick("out", "uitgevallen"),
        OutageState::Restored => language.pick("restored", "hersteld"),
    }
}

/// Names a service.
pub fn service_word(service: VitalService, language: Language) -> &'static str {
    match service {
        VitalService::Unspecified => language.pick("service", "dienst"),
        VitalService::Power => language.pick("power", "stroom"),
        VitalService::Gas => "gas",
        VitalService::DrinkingWater => language.pick("drinking water", "drinkwater"),
        VitalService::Sewerage => language.pick("sewerage", "riolering"),
        VitalService::Telecom => "telecom",
        VitalService::EmergencyNumber => language.pick("emergency number 112", "alarmnummer 112"),
        VitalService::EmergencyRadio => language.pick("emergency radio", "C2000"),
        VitalService::Rail => language.pick("railway", "spoor"),
        VitalService::Road => language.pick("road", "weg"),
        VitalService::Waterway => language.pick("waterway", "vaarweg"),
        VitalService::Heating => language.pick("heating", "warmte"),
        VitalService::Payments => language.pick("payments", "betalingsverkeer"),
        VitalService::Food => language.pick("food supply", "voedselvoorziening"),
        VitalService::Fuel => language.pick("fuel supply", "brandstofvoorziening"),
        VitalService::HealthCare => language.pick("health care", "zorg"),
        VitalService::Pumping => language.pick("pumping station", "gemaal"),
        VitalService::Digital => language.pick("digital services", "digitale diensten"),
    }
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::Outage;

    use super::*;
    use crate::kinds::testing::{Wrong, long, never, refuses, says};

    fn body(body: &mut Body) -> Option<&mut Outage> {
        match body {
            Body::Outage(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<Outage>] = &[
            (|b| b.service = 0, "service", "REQUIRED"),
            (|b| b.service = 18, "service", "UNKNOWN_VALUE"),
            (|b| b.state = 5, "state", "UNKNOWN_VALUE"),
            (|b| b.customers.as_mut().unwrap().value = -1, "customers.value", "OUT_OF_RANGE"),
            (|b| b.expected_repair_time = never(), "expected_repair_time", "TIME_OUT_OF_RANGE"),
            (|b| b.depends_on = vec![1; 17], "depends_on", "TOO_MANY"),
            (|b| b.depends_on = vec![18], "depends_on[0]", "UNKNOWN_VALUE"),
            (|b| b.depends_on = vec![1, 1], "depends_on[1]", "DUPLICATE"),
            (|b| b.operator = long(200), "operator", "TOO_LONG"),
            (|b| b.start_time = never(), "start_time", "TIME_OUT_OF_RANGE"),
        ];
        refuses("outage", body, rows);
    }

    #[test]
    fn the_line_gives_customers_and_service() {
        says(
            "outage",
            "about 400 customers, power out",
            "ongeveer 400 klanten, stroom uitgevallen",
        );
    }
}
