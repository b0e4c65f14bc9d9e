//! Checks a `Count` and puts it into words.

use polder_wire::v1::{Count, CountBasis, CountQualifier};

use crate::{check::Checker, language::Language};

/// Checks a count: 0 to 1,000,000,000 with known words.
pub(super) fn count(check: &mut Checker<'_>, field: &'static str, count: Option<&Count>) {
    let Some(count) = count else { return };
    check.within(field, |check| {
        check.integer("value", count.value, 0..=1_000_000_000);
        check.enumeration::<CountBasis>("basis", count.basis, false);
        check.enumeration::<CountQualifier>("qualifier", count.qualifier, false);
    });
}

/// A count in words, such as `about 400`. Empty when there is none.
pub(super) fn amount(count: Option<&Count>, language: Language) -> String {
    let Some(count) = count else {
        return String::new();
    };
    let prefix = match (count.qualifier(), count.basis()) {
        (CountQualifier::About, _) => language.pick("about ", "ongeveer "),
        (CountQualifier::AtLeast, _) => language.pick("at least ", "minstens "),
        (CountQualifier::AtMost, _) => language.pick("at most ", "hoogstens "),
        // An estimate that does not say how rough it is must not pass for a number of heads.
        (_, CountBasis::Estimated) => language.pick("estimated ", "naar schatting "),
        _ => "",
    };
    format!("{prefix}{}", language.whole(count.value))
}

/// A count with what was counted, `[one, many]` in each language.
pub(super) fn counted(
    count: Option<&Count>,
    language: Language,
    english: [&str; 2],
    dutch: [&str; 2],
) -> String {
    let Some(value) = count.map(|count| count.value) else {
        return String::new();
    };
    let noun = language.pick(english, dutch)[usize::from(value != 1)];
    format!("{} {noun}", amount(count, language))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(
        value: i64,
        basis: CountBasis,
        qualifier: CountQualifier,
        language: Language,
    ) -> String {
        let count = Count { value, basis: basis.into(), qualifier: qualifier.into() };
        counted(Some(&count), language, ["home", "homes"], ["woning", "woningen"])
    }

    #[test]
    fn words_say_how_sure_a_count_is() {
        use {CountBasis as Basis, CountQualifier as Qualifier, Language::*};
        for (value, basis, qualifier, language, expected) in [
            (1, Basis::Counted, Qualifier::Exact, English, "1 home"),
            (0, Basis::Counted, Qualifier::Unspecified, Dutch, "0 woningen"),
            (2_300, Basis::Estimated, Qualifier::About, English, "about 2,300 homes"),
            (
                2_300,
                Basis::Estimated,
                Qualifier::Unspecified,
                Dutch,
                "naar schatting 2.300 woningen",
            ),
            (2_300, Basis::Estimated, Qualifier::Unspecified, English, "estimated 2,300 homes"),
            (5, Basis::Registered, Qualifier::AtLeast, Dutch, "minstens 5 woningen"),
            (5, Basis::Unspecified, Qualifier::AtMost, English, "at most 5 homes"),
        ] {
            assert_eq!(words(value, basis, qualifier, language), expected);
        }
        assert_eq!(counted(None, English, ["", ""], ["", ""]), "");
    }

    #[test]
    fn wrong_counts_are_named() {
        for (wrong, field, reason) in [
            (Count { value: -1, ..Count::default() }, "people.value", "OUT_OF_RANGE"),
            (Count { value: 1_000_000_001, ..Count::default() }, "people.value", "OUT_OF_RANGE"),
            (Count { basis: 4, ..Count::default() }, "people.basis", "UNKNOWN_VALUE"),
            (Count { qualifier: 5, ..Count::default() }, "people.qualifier", "UNKNOWN_VALUE"),
        ] {
            let mut check = Checker::new("");
            count(&mut check, "people", Some(&wrong));
            let fields = check.finish().unwrap_err().fields;
            assert_eq!((fields[0].field.as_str(), fields[0].reason), (field, reason));
        }
    }
}
