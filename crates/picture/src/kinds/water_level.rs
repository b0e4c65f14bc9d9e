//! Level or discharge at a gauge. Readings overtake each other: the newest is shown.

use polder_wire::v1::{Entry, WaterTrend, entry::Body};

use super::{Kind, hours};
use crate::check::Checker;

pub(super) const KIND: Kind = Kind {
    field: 102,
    name: "water_level",
    useful_life: hours(3),
    settles_itself: true,
    text_required: false,
    check,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::WaterLevel(body)) = &entry.body else { return };
    check.text("gauge", &body.gauge, 1..=200);
    check.optional_range("level_m", body.level_m, -20.0..=1_000.0);
    check.optional_range("level_high_m", body.level_high_m, -20.0..=1_000.0);
    check.optional_range("discharge_m3_s", body.discharge_m3_s, 0.0..=100_000.0);
    check.optional_range("discharge_high_m3_s", body.discharge_high_m3_s, 0.0..=100_000.0);
    check.optional_range("depth_m", body.depth_m, 0.0..=100.0);
    check.optional_range("depth_high_m", body.depth_high_m, 0.0..=100.0);
    check.upper("level_high_m", body.level_m, body.level_high_m);
    check.upper("discharge_high_m3_s", body.discharge_m3_s, body.discharge_high_m3_s);
    check.upper("depth_high_m", body.depth_m, body.depth_high_m);
    check.text("datum", &body.datum, usize::from(body.level_m.is_some())..=20);
    check.enumeration::<WaterTrend>("trend", body.trend, false);
    check.time("peak_time", body.peak_time.as_ref());
    check.time("peak_end_time", body.peak_end_time.as_ref());
    let (peak, end) = (body.peak_time.as_ref(), body.peak_end_time.as_ref());
    check.order(("peak_time", peak), ("peak_end_time", end), true);
    if body.level_m.is_none()
        && body.discharge_m3_s.is_none()
        && body.depth_m.is_none()
        && peak.is_none()
    {
        check.wrong("level_m", "REQUIRED", "or a discharge, a depth or a peak time is required");
    }
}
