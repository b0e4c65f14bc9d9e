//! Telephone numbers in texts.

use super::{Sort, Spot};

/// Fixed by law in all of Europe: nobody has to check it.
const ALWAYS: &str = "112";
/// What stands before a number that is to be called, in lower case.
const CALLING: [&str; 20] = [
    "bel",
    "belt",
    "bellen",
    "call",
    "dial",
    "phone",
    "telephone",
    "tel",
    "telefoon",
    "telefonisch",
    "telefoonnummer",
    "nummer",
    "number",
    "sms",
    "app",
    "whatsapp",
    "infonummer",
    "noodnummer",
    "helpline",
    "hotline",
];
/// What may stand between.
const BETWEEN: [&str; 12] =
    ["op", "met", "naar", "via", "het", "nummer", "on", "at", "the", "number", "nr", "0"];
/// Groups of digits that are one number at most.
const GROUPS_MAX: usize = 8;
/// A number has at least so many digits where nothing else says that it is one.
const DIGITS_MIN: usize = 7;
/// And at most so many.
const DIGITS_MAX: usize = 15;

/// Digits that stand together, and what stands before them.
#[derive(Debug)]
struct Group<'t> {
    digits: &'t str,
    /// Where it begins and ends.
    from: usize,
    until: usize,
    plus: bool,
    /// Stands in brackets.
    bracketed: bool,
    /// The sign that joins it to the group before; `None`: it begins a run.
    joined: Option<char>,
}

/// A number in the form in which two are compared: `+31…` or as it is dialled; `None`: it is none.
pub fn telephone(text: &str) -> Option<String> {
    let allowed = |sign: char| sign.is_ascii_digit() || "+-–./() \u{a0}".contains(sign);
    let groups = groups(text);
    let one_run = groups.iter().skip(1).all(|group| group.joined.is_some());
    if groups.is_empty()
        || !one_run
        || groups.len() > GROUPS_MAX
        || !text.trim().chars().all(allowed)
    {
        return None;
    }
    let plain = plain(&groups);
    let digits = plain.chars().filter(char::is_ascii_digit).count();
    (3..=DIGITS_MAX).contains(&digits).then_some(plain)
}

/// What looks like a number and is none of those that are known.
pub(super) fn unknown(text: &str, known: &[String]) -> Vec<Spot> {
    let groups = groups(text);
    let mut spots = Vec::new();
    let mut at = 0;
    while at < groups.len() {
        let run = run(&groups[at..]);
        let is_known = |count: &usize| {
            let plain = plain(&run[..*count]);
            plain == ALWAYS || known.contains(&plain)
        };
        if let Some(count) = (1..=run.len()).rev().find(is_known) {
            at += count;
        } else if let Some(count) = moment(run) {
            at += count;
        } else if let Some(count) = number(text, run) {
            let written = text[run[0].from..run[count - 1].until].to_owned();
            spots.push(Spot { sort: Sort::Telephone, written });
            at += count;
        } else {
            at += 1;
        }
    }
    spots
}

/// The groups from here on that may be one number.
fn run<'g, 't>(groups: &'g [Group<'t>]) -> &'g [Group<'t>] {
    let joined = groups.iter().skip(1).take_while(|group| group.joined.is_some() && !group.plus);
    &groups[..(1 + joined.count()).min(GROUPS_MAX)]
}

fn groups(text: &str) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut from = None;
    let ends = text.char_indices().map(|(at, sign)| (at, Some(sign))).chain([(text.len(), None)]);
    for (at, sign) in ends {
        match (sign.is_some_and(|sign| sign.is_ascii_digit()), from) {
            (true, None) => from = Some(at),
            (false, Some(began)) => {
                let between = &text[groups.last().map_or(0, |group| group.until)..began];
                let first = groups.is_empty();
                groups.push(Group {
                    digits: &text[began..at],
                    from: began - usize::from(between.ends_with('+')),
                    until: at,
                    plus: between.ends_with('+'),
                    bracketed: between.ends_with('(') && sign == Some(')'),
                    joined: if first { None } else { joining(between) },
                });
                from = None;
            }
            _ => {}
        }
    }
    // Digits of a word, such as A2 or 3e, are none of a number.
    let lettered = |group: &Group<'_>| {
        let before = text[..group.from].chars().next_back();
        let after = text[group.until..].chars().next();
        before.into_iter().chain(after).any(|sign| sign.is_alphabetic() || sign == '_')
    };
    let lettered: Vec<bool> = groups.iter().map(lettered).collect();
    for (at, _) in lettered.iter().enumerate().filter(|(_, lettered)| **lettered) {
        if let Some(next) = groups.get_mut(at + 1) {
            next.joined = None;
        }
        groups[at].joined = None;
    }
    let mut lettered = lettered.into_iter();
    groups.retain(|_| !lettered.next().unwrap_or_default());
    groups
}

/// The sign that joins two groups of one number.
fn joining(between: &str) -> Option<char> {
    let signs: Vec<char> = between.chars().filter(|sign| !" \u{a0}()".contains(*sign)).collect();
    match (between.chars().count(), signs.as_slice()) {
        (1..=3, []) => Some(' '),
        (1..=3, [sign @ ('-' | '–' | '.' | '/')]) => Some(*sign),
        _ => None,
    }
}

fn plain(groups: &[Group<'_>]) -> String {
    let national = |at: usize, group: &Group<'_>| at > 0 && group.bracketed && group.digits == "0";
    let kept = groups.iter().enumerate().filter(|(at, group)| !national(*at, group));
    let digits: String = kept.map(|(_, group)| group.digits).collect();
    if groups.first().is_some_and(|group| group.plus) {
        return format!("+{digits}");
    }
    match digits.strip_prefix("00") {
        Some(abroad) => format!("+{abroad}"),
        None if digits.len() == 10 && digits.starts_with('0') => format!("+31{}", &digits[1..]),
        None => digits,
    }
}

/// So many groups are a date or a time of day.
fn moment(run: &[Group<'_>]) -> Option<usize> {
    let value = |group: &Group<'_>| group.digits.parse::<u32>().unwrap_or(u32::MAX);
    let short = |group: &Group<'_>| group.digits.len() <= 2 && !group.plus;
    let same = |one: &Group<'_>, other: &Group<'_>| {
        one.joined == other.joined && one.joined.is_some_and(|sign| "-./".contains(sign))
    };
    let years = |group: &Group<'_>| group.digits.len() == 4 && (1900..2200).contains(&value(group));
    if let [day, month, year, rest @ ..] = run
        && same(month, year)
        && rest.first().is_none_or(|next| next.joined != year.joined)
        && (1..=12).contains(&value(month))
        && short(month)
    {
        let dutch = short(day) && (1..=31).contains(&value(day)) && years(year);
        let iso = years(day) && short(year) && (1..=31).contains(&value(year));
        if dutch || iso {
            return Some(3);
        }
    }
    if let [hour, minute, rest @ ..] = run
        && minute.joined == Some('.')
        && (short(hour) && value(hour) < 24)
        && (minute.digits.len() == 2 && value(minute) < 60)
        && rest.first().is_none_or(|next| next.joined != Some('.'))
    {
        return Some(2);
    }
    None
}

/// So many groups look like a number: most of those that stand together.
fn number(text: &str, run: &[Group<'_>]) -> Option<usize> {
    let digits = |count: usize| run[..count].iter().map(|one| one.digits.len()).sum::<usize>();
    let first = &run[0];
    let count = (1..=run.len()).rev().find(|count| digits(*count) <= DIGITS_MAX)?;
    let abroad = first.plus || first.digits.starts_with("00");
    if (abroad || first.digits.starts_with('0')) && digits(count) >= DIGITS_MIN {
        return Some(count);
    }
    // Numbers of municipalities.
    if let [_, second, ..] = run
        && first.digits == "14"
        && second.digits.starts_with('0')
        && (3..=4).contains(&second.digits.len())
    {
        return Some(2);
    }
    (is_called(&text[..first.from]) && digits(count) >= 3).then_some(count)
}

/// Whether the words before say that what comes is called.
fn is_called(before: &str) -> bool {
    let word = |word: &str| word.trim_matches(|sign: char| !sign.is_alphanumeric()).to_lowercase();
    let end = before.trim_end_matches(|sign: char| " \u{a0}:.(".contains(sign));
    let words: Vec<String> = end.split_whitespace().rev().take(3).map(word).collect();
    let mut words = words.iter().map(String::as_str);
    words
        .find(|word| CALLING.contains(word) || !BETWEEN.contains(word))
        .is_some_and(|word| CALLING.contains(&word))
}
