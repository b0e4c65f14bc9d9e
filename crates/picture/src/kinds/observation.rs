//! A line of a situation report in free words. The texts say it all.

use polder_wire::v1::{Entry, Theme, entry::Body};

use super::{Kind, hours};
use crate::check::Checker;

pub(super) const KIND: Kind = Kind {
    field: 100,
    name: "observation",
    // About two rounds of situation reports; what was not said again by then needs a look.
    useful_life: hours(12),
    settles_itself: false,
    text_required: true,
    check,
    figures: |_, _| String::new(),
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::Observation(body)) = &entry.body else {
        return;
    };
    check.enumeration::<Theme>("theme", body.theme, false);
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::Observation;

    use super::*;
    use crate::kinds::testing::{Wrong, refuses, says};

    fn body(body: &mut Body) -> Option<&mut Observation> {
        match body {
            Body::Observation(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<Observation>] = &[(|b| b.theme = 10, "theme", "UNKNOWN_VALUE")];
        refuses("observation", body, rows);
    }

    #[test]
    fn the_texts_say_it_all() {
        says("observation", "", "");
    }
}
