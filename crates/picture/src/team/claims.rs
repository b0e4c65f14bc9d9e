//! What each kind of entry claims, of which subject and for which period: one rule per kind.
//!
//! A count of people or homes holds for the time that the entry does, a reading for some minutes
//! around its moment, a peak for the wave that it is the top of. What names no place and no thing
//! is compared with nothing.

use polder_wire::v1::{
    CareCapacity, Casualties, Closure, Count, CountPeriod, Entry, Evacuation, EvacuationState,
    Facility, FloodDefence, Measurement, Outage, Reception, Resource, Scenario, ScenarioType,
    Staffing, Statement, Warning, WarningState, WaterLevel, WaterTrend, Weather, entry::Body,
};

use super::subject::{Advice, Claim, Figure, Stance, Subject, places, plain};
use crate::attributes::{Attributes, NEVER, millis};

const MINUTE_MS: i64 = 60_000;
/// Two readings so close to each other are of one moment.
const READING_MS: i64 = 5 * MINUTE_MS;
/// Two peaks so close to each other are of one wave, to either side.
pub(super) const WAVE_MS: i64 = 12 * 60 * MINUTE_MS;
/// Two moments so close to each other are the same, to either side.
const MOMENT_MS: i64 = 15 * MINUTE_MS;
/// Totals to date grow: within so long they are of one moment, to either side.
const TOTAL_MS: i64 = 30 * MINUTE_MS;
/// What a warning tells the public to do.
pub const ADVICE: &str = "warning.responses";
/// Of one version.
const CLAIMS_MAX: usize = 64;

/// Puts together what one entry claims.
struct Claims<'e> {
    entry: &'e Entry,
    stance: Stance,
    when_ms: i64,
    from_ms: i64,
    until_ms: i64,
    found: Vec<Claim>,
}

/// What an entry claims; its attributes tell from when and until when it holds.
pub fn claims(entry: &Entry, attributes: &Attributes) -> Vec<Claim> {
    let stance = match entry.statement() {
        Statement::Forecast => Stance::Expected,
        // Who asks claims nothing.
        Statement::Question => return Vec::new(),
        _ => Stance::IsSo,
    };
    let until_ms = match attributes.expire_ms {
        NEVER => i64::MAX,
        // The moment of expiry itself is not part of it.
        expire => expire.saturating_sub(1).max(attributes.valid_from_ms),
    };
    let (when_ms, from_ms) = (attributes.when_ms, attributes.valid_from_ms);
    let mut claims = Claims { entry, stance, when_ms, from_ms, until_ms, found: Vec::new() };
    // Without a catch-all, so that a kind without a rule does not compile.
    match &entry.body {
        Some(Body::Casualties(body)) => claims.casualties(body),
        Some(Body::WaterLevel(body)) => claims.water_level(body),
        Some(Body::Outage(body)) => claims.outage(body),
        Some(Body::Measurement(body)) => claims.measurement(body),
        Some(Body::Closure(body)) => claims.closure(body),
        Some(Body::Evacuation(body)) => claims.evacuation(body),
        Some(Body::CareCapacity(body)) => claims.care_capacity(body),
        Some(Body::Resource(body)) => claims.resource(body),
        Some(Body::Warning(body)) => claims.warning(body),
        Some(Body::Weather(body)) => claims.weather(body),
        Some(Body::FloodDefence(body)) => claims.flood_defence(body),
        Some(Body::Reception(body)) => claims.reception(body),
        Some(Body::Facility(body)) => claims.facility(body),
        Some(Body::Scenario(body)) => claims.scenario(body),
        Some(Body::Staffing(body)) => claims.staffing(body),
        // Words, which only a person can compare: versions of one entry and the relation
        // CONTRADICTS are what tells.
        Some(
            Body::Observation(_)
            | Body::AssistanceRequest(_)
            | Body::AssistanceOffer(_)
            | Body::Decision(_)
            | Body::Action(_)
            | Body::Drawing(_)
            | Body::Message(_)
            // What was told is not claimed, and what is watched for is not said to be so.
            | Body::CitizenReport(_)
            | Body::Threshold(_)
            | Body::Contact(_),
        )
        | None => {}
    }
    claims.found.truncate(CLAIMS_MAX);
    claims.found
}

impl Claims<'_> {
    /// A claim that holds as long as the entry.
    fn add(&mut self, aspect: &'static str, detail: &str, named: &str, figure: Figure) {
        self.add_for(aspect, detail, named, figure, (self.from_ms, self.until_ms));
    }

    /// A claim for a period of its own.
    fn add_for(
        &mut self,
        aspect: &'static str,
        detail: &str,
        named: &str,
        figure: Figure,
        (from_ms, until_ms): (i64, i64),
    ) {
        let place = plain(named);
        if place.is_empty() {
            return;
        }
        let subject = Subject { aspect, detail: detail.to_owned(), place, stance: self.stance };
        self.found.push(Claim { subject, named: named.to_owned(), from_ms, until_ms, figure });
    }

    /// A claim of each place that the entry names.
    fn of_places(&mut self, aspect: &'static str, detail: &str, figure: &Figure) {
        for place in places(&self.entry.place) {
            self.add(aspect, detail, &place, figure.clone());
        }
    }

    fn count(&mut self, aspect: &'static str, detail: &str, named: &str, count: Option<&Count>) {
        if let Some(count) = count {
            self.add(aspect, detail, named, Figure::count(count));
        }
    }

    fn state(&mut self, aspect: &'static str, named: &str, state: &str) {
        if !state.ends_with("_UNSPECIFIED") {
            self.add(aspect, "", named, Figure::word(state));
        }
    }

    /// About its moment; what is expected holds for as long as its entry does.
    fn around(&self, room_ms: i64) -> (i64, i64) {
        if self.stance == Stance::Expected {
            return (self.from_ms, self.until_ms);
        }
        (self.when_ms.saturating_sub(room_ms), self.when_ms.saturating_add(room_ms))
    }

    fn casualties(&mut self, body: &Casualties) {
        let period = match (body.period(), &body.period_start, &body.period_end) {
            (CountPeriod::Interval, Some(start), Some(end)) => (millis(start), millis(end)),
            _ => self.around(TOTAL_MS),
        };
        for figure in &body.figures {
            let Some(count) = &figure.count else { continue };
            let (category, population) = (figure.category(), figure.population());
            let detail = format!("{} {}", category.as_str_name(), population.as_str_name());
            for place in places(&self.entry.place) {
                let figure = Figure::count(count);
                self.add_for("casualties.figures", &detail, &place, figure, period);
            }
        }
    }

    fn water_level(&mut self, body: &WaterLevel) {
        let peak = body.trend() == WaterTrend::Peak || body.peak_time.is_some();
        let top_ms = body.peak_time.as_ref().map_or(self.when_ms, millis);
        let end_ms = body.peak_end_time.as_ref().map_or(top_ms, millis);
        let period = if peak {
            (top_ms.saturating_sub(WAVE_MS), end_ms.saturating_add(WAVE_MS))
        } else {
            self.around(READING_MS)
        };
        // A peak and a reading are not the same thing.
        let of = |reading, top| if peak { top } else { reading };
        let mut add = |aspect, detail: &str, low: Option<f64>, high: Option<f64>, room: f64| {
            if let Some(low) = low {
                let figure = Figure::between(low, high, room);
                self.add_for(aspect, detail, &body.gauge, figure, period);
            }
        };
        let part = |value: Option<f64>| value.unwrap_or_default() * 0.005;
        let aspect = of("water_level.discharge_m3_s", "water_level.peak_discharge_m3_s");
        add(aspect, "", body.discharge_m3_s, body.discharge_high_m3_s, part(body.discharge_m3_s));
        let aspect = of("water_level.level_m", "water_level.peak_level_m");
        add(aspect, &body.datum, body.level_m, body.level_high_m, 0.02);
        let aspect = of("water_level.depth_m", "water_level.peak_depth_m");
        add(aspect, "", body.depth_m, body.depth_high_m, 0.05);
        if body.peak_time.is_some() {
            let figure = Figure::Moment(top_ms - MOMENT_MS, end_ms + MOMENT_MS);
            self.add_for("water_level.peak_time", "", &body.gauge, figure, period);
        }
    }

    fn outage(&mut self, body: &Outage) {
        let service = body.service().as_str_name();
        if let Some(customers) = &body.customers {
            self.of_places("outage.customers", service, &Figure::count(customers));
        }
        if body.state != 0 {
            let state = Figure::word(body.state().as_str_name());
            self.of_places("outage.state", service, &state);
        }
    }

    fn measurement(&mut self, body: &Measurement) {
        for reading in body.readings.iter().filter(|_| !body.effect_area) {
            let detail = format!("{} {}", plain(&reading.quantity), reading.unit);
            let figure = match reading.below_limit {
                true => Figure::open(f64::NEG_INFINITY, reading.value, reading.value),
                false => Figure::near(reading.value, reading.value * 0.05),
            };
            for place in places(&self.entry.place) {
                let period = self.around(READING_MS);
                self.add_for("measurement.readings", &detail, &place, figure.clone(), period);
            }
        }
    }

    fn closure(&mut self, body: &Closure) {
        let state = Figure::word(body.state().as_str_name());
        let detail = body.object().as_str_name();
        if body.designation.trim().is_empty() {
            return self.of_places("closure.state", detail, &state);
        }
        // Of one road one stretch may be closed and another open.
        let stretches = places(&self.entry.place);
        if stretches.is_empty() {
            self.add("closure.state", detail, &body.designation, state.clone());
        }
        for stretch in stretches {
            let named = format!("{}, {stretch}", body.designation);
            self.add("closure.state", detail, &named, state.clone());
        }
    }

    fn evacuation(&mut self, body: &Evacuation) {
        for (aspect, count) in
            [("evacuation.people", &body.people), ("evacuation.homes", &body.homes)]
        {
            if let Some(count) = count {
                self.of_places(aspect, "", &Figure::count(count));
            }
        }
        let state = match body.state() {
            EvacuationState::Unspecified => return,
            EvacuationState::Returned | EvacuationState::CalledOff => "home",
            _ => "away",
        };
        self.of_places("evacuation.state", "", &Figure::word(state));
    }

    fn care_capacity(&mut self, body: &CareCapacity) {
        self.state("care_capacity.state", &body.institution, body.state().as_str_name());
        self.count("care_capacity.patients", "", &body.institution, body.patients.as_ref());
        for bed in &body.beds {
            let detail = bed.r#type().as_str_name();
            let (free, all) = (bed.available.as_ref(), bed.total.as_ref());
            self.count("care_capacity.beds.available", detail, &body.institution, free);
            self.count("care_capacity.beds.total", detail, &body.institution, all);
        }
    }

    fn resource(&mut self, body: &Resource) {
        self.state("resource.state", &body.call_sign, body.state().as_str_name());
        if let Some(quantity) = &body.quantity {
            self.of_places("resource.quantity", &plain(&body.r#type), &Figure::count(quantity));
        }
    }

    fn warning(&mut self, body: &Warning) {
        if !matches!(body.state(), WarningState::Issued | WarningState::Corrected) {
            return;
        }
        let until = body.expires.as_ref().map_or(i64::MAX, millis);
        self.until_ms = self.until_ms.min(until.saturating_sub(1)).max(self.from_ms);
        for advice in Advice::of(body.responses()) {
            self.of_places(ADVICE, "", &Figure::Advice(advice, plain(&body.audience)));
        }
        if body.colour != 0 {
            self.of_places("warning.colour", "", &Figure::word(body.colour().as_str_name()));
        }
    }

    fn weather(&mut self, body: &Weather) {
        let period = match (&body.interval_start, &body.interval_end) {
            (Some(start), Some(end)) => (millis(start), millis(end)),
            _ => self.around(TOTAL_MS),
        };
        // A sum over another interval is another subject.
        let detail = format!("{}-{}", period.0, period.1);
        for place in places(&self.entry.place) {
            if let Some(low) = body.precipitation_mm {
                let figure = Figure::between(low, body.precipitation_high_mm, low * 0.05);
                self.add_for("weather.precipitation_mm", &detail, &place, figure, period);
            }
            if let Some(speed) = body.wind_speed_m_s {
                let figure = Figure::near(speed, speed * 0.1);
                self.add_for("weather.wind_speed_m_s", "", &place, figure, period);
            }
        }
    }

    fn flood_defence(&mut self, body: &FloodDefence) {
        self.state("flood_defence.state", &body.structure, body.state().as_str_name());
        if !body.failure_mode.trim().is_empty() {
            let failure = Figure::word(&body.failure_mode);
            self.add("flood_defence.failure_mode", "", &body.structure, failure);
        }
        if let Some(spots) = body.weak_spots {
            let spots = Figure::near(f64::from(spots), 0.0);
            self.add("flood_defence.weak_spots", "", &body.structure, spots);
        }
        for (aspect, length) in
            [("flood_defence.length_m", body.length_m), ("flood_defence.raised_m", body.raised_m)]
        {
            if let Some(length) = length {
                self.add(aspect, "", &body.structure, Figure::near(length, length * 0.1));
            }
        }
    }

    fn reception(&mut self, body: &Reception) {
        self.state("reception.state", &body.location, body.state().as_str_name());
        self.count("reception.capacity", "", &body.location, body.capacity.as_ref());
        if let Some(present) = &body.present {
            let (figure, period) = (Figure::count(present), self.around(TOTAL_MS));
            self.add_for("reception.present", "", &body.location, figure, period);
        }
    }

    fn facility(&mut self, body: &Facility) {
        self.state("facility.state", &body.designation, body.state().as_str_name());
        for (aspect, count) in [
            ("facility.people", &body.people),
            ("facility.less_self_reliant", &body.less_self_reliant),
            ("facility.customers", &body.customers),
        ] {
            self.count(aspect, "", &body.designation, count.as_ref());
        }
        for dependency in &body.dependencies {
            let Some(holds_out) = &dependency.holds_out else { continue };
            let hours = Figure::near(holds_out.seconds as f64 / 3_600.0, 0.0);
            let service = dependency.service().as_str_name();
            if dependency.suppliers.is_empty() {
                self.add("facility.holds_out", service, &body.designation, hours);
            }
        }
    }

    /// Of one sort of scenario there can be only one likelihood, and one score by each criterion.
    fn scenario(&mut self, body: &Scenario) {
        let sort = body.r#type().as_str_name();
        if matches!(body.r#type(), ScenarioType::Other | ScenarioType::Unspecified) {
            return;
        }
        // Whatever it is said to be, it is expected.
        self.stance = Stance::Expected;
        // It is of the time that it looks ahead over.
        let from_ms = body.horizon_start.as_ref().map_or(self.from_ms, millis);
        let until_ms = body.horizon_end.as_ref().map_or(self.until_ms.max(from_ms), millis);
        let period = (from_ms, until_ms);
        if body.likelihood != 0 {
            let likelihood = Figure::word(body.likelihood().as_str_name());
            self.add_for("scenario.likelihood", sort, &body.subject, likelihood, period);
        }
        for score in &body.scores {
            let detail = format!("{sort} {}", score.criterion().as_str_name());
            let level = Figure::word(score.level().as_str_name());
            self.add_for("scenario.scores", &detail, &body.subject, level, period);
        }
    }

    fn staffing(&mut self, body: &Staffing) {
        let detail = format!("{} {}", body.sort().as_str_name(), plain(&body.function));
        let numbers = [
            ("staffing.present", &body.present),
            ("staffing.available", &body.available),
            ("staffing.on_duty", &body.on_duty),
            ("staffing.resting", &body.resting),
        ];
        for (aspect, number) in numbers {
            self.count(aspect, detail.trim_end(), &body.unit, number.as_ref());
        }
    }
}
