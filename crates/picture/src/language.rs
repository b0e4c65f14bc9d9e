//! The languages that summaries are written in, and how each writes numbers.

/// A language that summaries are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `en`, and whatever is not known.
    English,
    /// `nl`.
    Dutch,
}

impl Language {
    /// The language of a BCP 47 tag; English for a tag that is not known.
    pub fn of(tag: &str) -> Self {
        match tag.split('-').next() {
            Some(primary) if primary.eq_ignore_ascii_case("nl") => Self::Dutch,
            _ => Self::English,
        }
    }

    /// The words of this language.
    pub fn pick<T>(self, english: T, dutch: T) -> T {
        match self {
            Self::English => english,
            Self::Dutch => dutch,
        }
    }

    /// A whole number: `1,250` or `1.250`.
    pub fn whole(self, value: i64) -> String {
        self.grouped(&value.to_string())
    }

    /// A number with exactly so many decimals: `14.50` or `14,50`.
    pub fn decimal(self, value: f64, places: usize) -> String {
        self.grouped(&format!("{value:.places$}"))
    }

    /// A number as short as it can be said with at most six decimals. What would be long or
    /// vanish that way is written with a power of ten.
    pub fn number(self, value: f64) -> String {
        let size = value.abs();
        if value != 0.0 && !(1e-4..1e12).contains(&size) {
            let digits = format!("{value:.3e}");
            return match self {
                Self::English => digits,
                Self::Dutch => digits.replace('.', ","),
            };
        }
        let digits = format!("{value:.6}");
        self.grouped(digits.trim_end_matches('0').trim_end_matches('.'))
    }

    /// Groups the digits before the point by three and writes the point as this language does.
    fn grouped(self, digits: &str) -> String {
        let (group, point) = self.pick((',', '.'), ('.', ','));
        let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let mut text = sign.to_owned();
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                text.push(group);
            }
            text.push(digit);
        }
        if !decimals.is_empty() {
            text.push(point);
            text.push_str(decimals);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_language() {
        let (en, nl) = (Language::English, Language::Dutch);
        for (value, english, dutch) in [
            (0, "0", "0"),
            (999, "999", "999"),
            (-1_250, "-1,250", "-1.250"),
            (1_000_000_000, "1,000,000,000", "1.000.000.000"),
        ] {
            assert_eq!((en.whole(value), nl.whole(value)), (english.into(), dutch.into()));
        }
        for (value, english, dutch) in [
            (0.0, "0", "0"),
            (3260.0, "3,260", "3.260"),
            (-0.25, "-0.25", "-0,25"),
            (1234.5, "1,234.5", "1.234,5"),
            (2.5e-7, "2.500e-7", "2,500e-7"),
            (1e300, "1.000e300", "1,000e300"),
        ] {
            assert_eq!((en.number(value), nl.number(value)), (english.into(), dutch.into()));
        }
        assert_eq!(
            (en.decimal(14.5, 2), nl.decimal(1014.5, 2)),
            ("14.50".into(), "1.014,50".into())
        );
    }

    #[test]
    fn tags_lead_to_a_language() {
        for (tag, language) in [
            ("nl", Language::Dutch),
            ("nl-BE", Language::Dutch),
            ("NL", Language::Dutch),
            ("nld", Language::English),
            ("en", Language::English),
            ("pap", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::of(tag), language, "{tag}");
        }
    }
}
