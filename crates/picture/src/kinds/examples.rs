//! One full and sound entry of each kind, from a flood along the Maas: what golden files, fuzz
//! seeds and the node's tests start from. Fixed, so that their bytes are the same every time.

use polder_wire::v1::{
    Action, ActionState, AssistanceOffer, AssistanceRequest, BedCount, BedType, CareCapacity,
    CareState, Casualties, CasualtyCategory, CasualtyFigure, CasualtyPopulation, Circle, Closure,
    ClosureObject, ClosureState, CountBasis, CountPeriod, CountQualifier, Decision, DecisionState,
    Discipline, Drawing, DrawingPhase, Entry, Evacuation, EvacuationBasis, EvacuationState,
    FloodDefence, FloodDefenceState, Line, Measurement, Message, Observation, OfferState, Outage,
    OutageState, Reading, Reception, ReceptionState, RequestState, Resource, ResourceState,
    ResponseType, Statement, Theme, VitalService, Warning, WarningChannel, WarningColour,
    WarningState, WaterLevel, WaterTrend, Weather, entry::Body, geometry::Shape,
};

mod parts;
mod watch;

use parts::{about, arcen, at, count, counted, entry, facility, hour, name, placed, scenario};

/// One entry of each kind with the kind's name, in the order of [`super::KINDS`].
pub fn examples() -> Vec<(&'static str, Entry)> {
    vec![
        ("observation", observation()),
        ("casualties", casualties()),
        ("water_level", water_level()),
        ("outage", outage()),
        ("measurement", measurement()),
        ("closure", closure()),
        ("evacuation", evacuation()),
        ("care_capacity", care_capacity()),
        ("resource", resource()),
        ("assistance_request", assistance_request()),
        ("warning", warning()),
        ("weather", weather()),
        ("decision", decision()),
        ("action", action()),
        ("drawing", drawing()),
        ("message", message()),
        ("flood_defence", flood_defence()),
        ("reception", reception()),
        ("facility", facility()),
        ("scenario", scenario()),
        ("assistance_offer", assistance_offer()),
        ("staffing", watch::staffing()),
        ("citizen_report", watch::citizen_report()),
        ("threshold", watch::threshold()),
        ("contact", watch::contact()),
    ]
}

fn observation() -> Entry {
    let body = Observation { theme: Theme::Population.into() };
    let texts = ["Buurtbewoners vullen zelf zandzakken", "Neighbours fill sandbags themselves"];
    entry(
        100,
        Statement::Fact,
        Discipline::PopulationCare,
        "gemeente-venlo",
        texts,
        Body::Observation(body),
    )
}

fn casualties() -> Entry {
    use CasualtyCategory::{Dead, HomesAffected, Injured, Missing};
    use CasualtyPopulation::{Public, Responders};
    let figure = |category: CasualtyCategory, population: CasualtyPopulation, count| {
        CasualtyFigure { category: category.into(), population: population.into(), count }
    };
    let body = Casualties {
        figures: vec![
            figure(Dead, Public, counted(0)),
            figure(Missing, Public, counted(3)),
            figure(Injured, Public, count(12, CountBasis::Counted, CountQualifier::AtLeast)),
            figure(Injured, Responders, counted(2)),
            figure(
                HomesAffected,
                CasualtyPopulation::Unspecified,
                count(2_300, CountBasis::Estimated, CountQualifier::Unspecified),
            ),
        ],
        period: CountPeriod::ToDate.into(),
        period_start: None,
        period_end: None,
    };
    let texts = ["Slachtofferbeeld regio", "Casualties in the region"];
    entry(
        101,
        Statement::Fact,
        Discipline::Medical,
        "ghor-limburg-noord",
        texts,
        Body::Casualties(body),
    )
}

fn water_level() -> Entry {
    let body = WaterLevel {
        gauge: "Borgharen-Dorp".into(),
        level_m: Some(45.5),
        level_high_m: Some(45.75),
        datum: "NAP".into(),
        discharge_m3_s: Some(3_260.0),
        discharge_high_m3_s: Some(3_310.0),
        depth_m: Some(1.5),
        depth_high_m: Some(2.0),
        trend: WaterTrend::Rising.into(),
        peak_time: hour(20),
        peak_end_time: hour(26),
    };
    let texts = ["Hoogste afvoer ooit in de zomer", "Highest summer discharge ever"];
    entry(
        102,
        Statement::Forecast,
        Discipline::Water,
        "rijkswaterstaat",
        texts,
        Body::WaterLevel(body),
    )
}

fn outage() -> Entry {
    let body = Outage {
        service: VitalService::Power.into(),
        state: OutageState::Out.into(),
        customers: about(400),
        expected_repair_time: hour(9),
        depends_on: vec![VitalService::Road.into(), VitalService::Pumping.into()],
        operator: "Enexis".into(),
        start_time: hour(-2),
    };
    let texts = ["Onderstation ondergelopen", "Substation flooded"];
    entry(103, Statement::Fact, Discipline::Vital, "enexis", texts, Body::Outage(body))
}

fn measurement() -> Entry {
    let reading = |quantity: &str, value, unit: &str, cas_number: &str, below_limit| Reading {
        quantity: quantity.into(),
        value,
        unit: unit.into(),
        cas_number: cas_number.into(),
        below_limit,
    };
    let body = Measurement {
        readings: vec![
            reading("benzene", 1.25, "mg/m3", "71-43-2", false),
            reading("ammonia", 5.0, "ppm", "7664-41-7", true),
            reading("air", 21.5, "Cel", "", false),
        ],
        effect_area: true,
        effect: "smell of fuel oil".into(),
    };
    let texts = ["Stank door gelekte huisbrandolie", "Stench of leaked heating oil"];
    let circle = Circle { center: Some(at(51.4757, 6.1802)), radius_m: 800.0 };
    let entry = entry(
        104,
        Statement::Fact,
        Discipline::Fire,
        "brandweer-limburg-noord",
        texts,
        Body::Measurement(body),
    );
    placed(entry, Shape::Circle(circle))
}

fn closure() -> Entry {
    let body = Closure {
        object: ClosureObject::Road.into(),
        state: ClosureState::Closed.into(),
        designation: "N271 Gennep-Nieuw Bergen".into(),
        reason: "Water op de weg".into(),
        detour: "Via de A73 en de N270".into(),
        expected_reopening_time: hour(72),
        length_km: Some(12.5),
    };
    let texts = ["Provinciale weg onder water", "Provincial road under water"];
    let points = vec![at(51.698, 5.973), at(51.652, 6.003), at(51.606, 6.048)];
    let entry = entry(
        105,
        Statement::Fact,
        Discipline::Transport,
        "provincie-limburg",
        texts,
        Body::Closure(body),
    );
    placed(entry, Shape::Line(Line { points }))
}

fn evacuation() -> Entry {
    let body = Evacuation {
        state: EvacuationState::UnderWay.into(),
        basis: EvacuationBasis::Ordered.into(),
        people: counted(6_500),
        homes: about(2_700),
        deadline: hour(12),
        destination: "Evenementenhal Venray".into(),
        special_groups: "Zorgcentrum met 60 bewoners; 300 runderen".into(),
    };
    let texts = ["Arcen, Velden en Lomm moeten weg", "Arcen, Velden and Lomm must leave"];
    let entry = entry(
        106,
        Statement::Fact,
        Discipline::Government,
        "gemeente-venlo",
        texts,
        Body::Evacuation(body),
    );
    placed(entry, Shape::Polygon(arcen()))
}

fn care_capacity() -> Entry {
    let beds = |bed: BedType, available, total| BedCount { r#type: bed.into(), available, total };
    let body = CareCapacity {
        institution: "VieCuri Venlo".into(),
        state: CareState::Evacuating.into(),
        beds: vec![
            beds(BedType::IntensiveCare, counted(0), counted(18)),
            beds(BedType::General, about(40), None),
        ],
        admission_stop: true,
        patients: counted(200),
    };
    let texts = ["Ziekenhuis wordt ontruimd", "Hospital is being cleared"];
    entry(107, Statement::Fact, Discipline::Medical, "viecuri", texts, Body::CareCapacity(body))
}

fn resource() -> Entry {
    let body = Resource {
        r#type: "rescue boat".into(),
        call_sign: "23-8091".into(),
        state: ResourceState::EnRoute.into(),
        quantity: counted(2),
        personnel: counted(8),
        destination: "Arcen".into(),
        expected_arrival_time: hour(1),
        available_until: hour(24),
        course_deg: Some(210.0),
        speed_m_s: Some(6.0),
    };
    let texts = ["Reddingsvloot onderweg", "Rescue fleet on its way"];
    entry(108, Statement::Fact, Discipline::Relief, "reddingsbrigade", texts, Body::Resource(body))
}

fn assistance_request() -> Entry {
    let body = AssistanceRequest {
        need: "soldiers to fill sandbags".into(),
        quantity: count(300, CountBasis::Estimated, CountQualifier::AtLeast),
        addressee: "parties/defensie".into(),
        state: RequestState::Asked.into(),
        needed_by: hour(4),
        needed_until: hour(48),
        accepted: Vec::new(),
        ..AssistanceRequest::default()
    };
    let texts = ["Bijstand van Defensie gevraagd", "Help of the armed forces asked for"];
    let party = "veiligheidsregio-limburg-noord";
    entry(
        109,
        Statement::Bottleneck,
        Discipline::Government,
        party,
        texts,
        Body::AssistanceRequest(body),
    )
}

fn warning() -> Entry {
    let body = Warning {
        state: WarningState::Issued.into(),
        responses: vec![ResponseType::Evacuate.into(), ResponseType::Avoid.into()],
        channels: vec![WarningChannel::NlAlert.into(), WarningChannel::Siren.into()],
        audience: "everybody along the Maas".into(),
        colour: WarningColour::Red.into(),
        expires: hour(24),
        unchecked_reason: "alone at the post".into(),
        // What is cited must be held where the warning is published.
        contacts: Vec::new(),
    };
    let texts = ["Verlaat uw huis vóór 18 uur", "Leave your home before 6 p.m."];
    let party = "veiligheidsregio-limburg-noord";
    let entry =
        entry(110, Statement::Fact, Discipline::Communication, party, texts, Body::Warning(body));
    placed(entry, Shape::Polygon(arcen()))
}

fn weather() -> Entry {
    let body = Weather {
        precipitation_mm: Some(80.0),
        precipitation_high_mm: Some(150.0),
        interval_start: hour(0),
        interval_end: hour(24),
        wind_from_deg: Some(225.0),
        wind_speed_m_s: Some(8.5),
        gust_m_s: Some(17.0),
        temperature_c: Some(16.0),
        visibility_m: Some(1_500.0),
        probability_percent: Some(90.0),
    };
    let texts = ["Aanhoudende regen in Zuid-Limburg", "Lasting rain in South Limburg"];
    entry(111, Statement::Forecast, Discipline::Meteorology, "knmi", texts, Body::Weather(body))
}

fn decision() -> Entry {
    let version = format!("{}/versions/00112233445566778899aabbccddeeff-17", name(102));
    let body = Decision {
        decided_by: "RBT Limburg-Noord".into(),
        decided_time: hour(-1),
        state: DecisionState::Taken.into(),
        legal_ground: "Wvr art. 39".into(),
        rationale: "De verwachte stand ligt boven de kruin van de kade.".into(),
        alternatives: vec!["Kade verhogen".into(), "Alleen adviseren".into()],
        basis: vec![version],
    };
    let texts = ["Ontruiming van Arcen, Velden en Lomm", "Arcen, Velden and Lomm are cleared"];
    let party = "veiligheidsregio-limburg-noord";
    entry(112, Statement::Decision, Discipline::Government, party, texts, Body::Decision(body))
}

fn action() -> Entry {
    let body = Action {
        owner: "Waterschap Limburg".into(),
        state: ActionState::UnderWay.into(),
        due_time: hour(6),
        progress_percent: Some(40),
    };
    let texts = ["Mobiele wering opbouwen in Arcen", "Put up the mobile barrier in Arcen"];
    entry(
        113,
        Statement::Action,
        Discipline::Water,
        "waterschap-limburg",
        texts,
        Body::Action(body),
    )
}

fn drawing() -> Entry {
    let body = Drawing {
        label: "Emergency dike Arcen".into(),
        phase: DrawingPhase::Response.into(),
        colour: "#d4351c".into(),
        symbol: "dike".into(),
    };
    let texts = ["Noodkade", "Emergency dike"];
    let points = vec![at(51.4712, 6.1790), at(51.4739, 6.1801), at(51.4768, 6.1795)];
    let entry = entry(
        114,
        Statement::Fact,
        Discipline::Water,
        "waterschap-limburg",
        texts,
        Body::Drawing(body),
    );
    placed(entry, Shape::Line(Line { points }))
}

fn message() -> Entry {
    let body = Message {
        addressees: vec!["parties/waterschap-limburg".into(), "Operationeel leider".into()],
        in_reply_to: name(109),
    };
    let texts = ["Honderd man om tien uur ter plaatse", "A hundred men there at ten"];
    entry(115, Statement::Fact, Discipline::Defence, "defensie", texts, Body::Message(body))
}

fn flood_defence() -> Entry {
    let body = FloodDefence {
        structure: "Juliana Canal dike Meers".into(),
        state: FloodDefenceState::Leaking.into(),
        failure_mode: "sand boil".into(),
        length_m: Some(150.0),
        raised_m: Some(0.4),
        weak_spots: Some(3),
    };
    let texts = ["Wel achter de kanaaldijk", "Sand boil behind the canal dike"];
    entry(
        116,
        Statement::Fact,
        Discipline::Water,
        "waterschap-limburg",
        texts,
        Body::FloodDefence(body),
    )
}

fn reception() -> Entry {
    let body = Reception {
        location: "Evenementenhal Venray".into(),
        state: ReceptionState::Open.into(),
        capacity: counted(500),
        present: counted(180),
        intended_for: "people from Arcen and Lomm".into(),
    };
    let texts = ["Opvang is open", "Reception is open"];
    entry(
        117,
        Statement::Fact,
        Discipline::PopulationCare,
        "gemeente-venray",
        texts,
        Body::Reception(body),
    )
}

fn assistance_offer() -> Entry {
    let body = AssistanceOffer {
        means: "high-capacity pumps".into(),
        quantity: count(10, CountBasis::Counted, CountQualifier::Exact),
        request: name(109),
        state: OfferState::Offered.into(),
        en_route: 6,
        arrived: 3,
        released: 0,
        available_from: hour(1),
        expected_arrival_time: hour(6),
        available_until: hour(72),
        host_support: "diesel and quarters for 40".into(),
        ..AssistanceOffer::default()
    };
    let texts = ["Pompen uit Duitsland", "Pumps from Germany"];
    entry(120, Statement::Fact, Discipline::Relief, "thw", texts, Body::AssistanceOffer(body))
}
