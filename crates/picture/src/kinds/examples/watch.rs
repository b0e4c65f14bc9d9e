//! Examples of what is watched for, who is there and what inhabitants tell.

use polder_wire::v1::{
    CitizenReport, Contact, ContactPurpose, Discipline, Entry, ReportCategory, ReportChannel,
    StaffSort, Staffing, Statement, Threshold, entry::Body,
};
use prost_types::Duration;

use super::parts::{counted, entry, hour};

pub(super) fn staffing() -> Entry {
    let body = Staffing {
        unit: "Dijkleger Arcen".into(),
        sort: StaffSort::Volunteers.into(),
        function: "dike watch".into(),
        present: counted(60),
        available: counted(12),
        on_duty: counted(30),
        resting: counted(18),
        shift_begin: hour(-8),
        shift_end: hour(4),
        relief_expected: hour(3),
        longest_duty: Some(Duration { seconds: 37_800, nanos: 0 }),
    };
    let texts = ["Bezetting van de dijkbewaking", "Dike watch on duty"];
    entry(121, Statement::Fact, Discipline::Water, "waterschap", texts, Body::Staffing(body))
}

pub(super) fn citizen_report() -> Entry {
    let body = CitizenReport {
        category: ReportCategory::PersonInDanger.into(),
        channel: ReportChannel::EmergencyNumber.into(),
        reports: counted(4),
    };
    let texts = ["Mensen op een dak", "People on a roof"];
    let party = "meldkamer";
    let body = Body::CitizenReport(body);
    let mut made = entry(122, Statement::Fact, Discipline::ControlRoom, party, texts, body);
    // Nobody checked it.
    if let Some(assessment) = &mut made.assessment {
        assessment.verification = None;
    }
    made
}

pub(super) fn threshold() -> Entry {
    let body = Threshold {
        aspect: "water_level.discharge_m3_s".into(),
        detail: String::new(),
        place: "Maas bij Sint Pieter".into(),
        region: "parties/vr-zuid-limburg".into(),
        above: Some(2_500.0),
        below: None,
    };
    let texts = ["Maas zeer hoog: roep het ROT bijeen", "Maas very high: call the ROT together"];
    entry(123, Statement::Fact, Discipline::Water, "vr-zuid-limburg", texts, Body::Threshold(body))
}

pub(super) fn contact() -> Entry {
    let body = Contact {
        name: "Publieksinformatie".into(),
        purpose: ContactPurpose::PublicInformation.into(),
        telephone: "043 - 000 00 00".into(),
        web: "https://www.example.org/hoogwater".into(),
        mail: "vragen@example.org".into(),
        address: "Voorbeeldlaan 1, Maastricht".into(),
        checked: true,
    };
    let texts = ["Vragen over het hoogwater", "Questions about the high water"];
    let party = "vr-zuid-limburg";
    let body = Body::Contact(body);
    entry(124, Statement::Fact, Discipline::Communication, party, texts, body)
}
