//! Web, mail and street addresses in texts.

use super::{Known, Sort, Spot};
use crate::team::subject::plain;

/// Ends of names that are taken for a web address where nothing else says that they are one.
const DOMAINS: [&str; 20] = [
    "nl",
    "com",
    "org",
    "net",
    "eu",
    "be",
    "de",
    "info",
    "nu",
    "int",
    "gov",
    "frl",
    "fr",
    "lu",
    "uk",
    "io",
    "app",
    "live",
    "news",
    "amsterdam",
];
/// Ends of the names of streets.
const STREETS: [&str; 16] = [
    "straat",
    "laan",
    "plein",
    "kade",
    "singel",
    "gracht",
    "steeg",
    "weg",
    "dijk",
    "boulevard",
    "allee",
    "markt",
    "hof",
    "dreef",
    "pad",
    "wal",
];
/// What is counted or measured behind a number that is none of a house.
const UNITS: [&str; 24] = [
    "m",
    "cm",
    "mm",
    "km",
    "meter",
    "meters",
    "metre",
    "metres",
    "kilometer",
    "uur",
    "u",
    "hours",
    "minuten",
    "minutes",
    "dagen",
    "days",
    "procent",
    "percent",
    "huizen",
    "woningen",
    "homes",
    "mensen",
    "people",
    "personen",
];

/// A web address in the form in which two are compared; `None`: it is none.
pub fn web(text: &str) -> Option<String> {
    let text = text.trim();
    let bare = ["https://", "http://"].iter().find_map(|scheme| after(text, scheme));
    let bare = bare.unwrap_or(text);
    let bare = after(bare, "www.").unwrap_or(bare).trim_end_matches('/');
    let (host, path) = bare.split_at(bare.find(['/', '?', '#']).unwrap_or(bare.len()));
    is_host(host).then(|| format!("{}{path}", host.to_lowercase()))
}

/// A mail address in the form in which two are compared; `None`: it is none.
pub fn mail(text: &str) -> Option<String> {
    let (who, host) = text.trim().split_once('@')?;
    let sound = !who.is_empty() && !who.contains(|sign: char| sign.is_whitespace() || sign == '@');
    (sound && is_host(host)).then(|| format!("{}@{}", who.to_lowercase(), host.to_lowercase()))
}

/// A street address in the form in which two are compared.
pub(super) fn street(text: &str) -> String {
    plain(text)
}

fn after<'t>(text: &'t str, start: &str) -> Option<&'t str> {
    let head = text.get(..start.len())?;
    head.eq_ignore_ascii_case(start).then(|| &text[start.len()..])
}

fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.chars().all(|sign| sign.is_alphanumeric() || sign == '-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    let named = last.len() >= 2 && last.chars().all(char::is_alphabetic);
    host.contains('.') && named && host.split('.').all(label)
}

/// What looks like an address and is none of those that are known.
pub(super) fn unknown(text: &str, place: &str, known: &Known) -> Vec<Spot> {
    let mut spots = Vec::new();
    let ends = |sign: char| sign.is_whitespace() || "()<>[]{}\"“”‘’',;|".contains(sign);
    for word in text.split(ends) {
        let word = word.trim_matches(|sign: char| ".!?:…".contains(sign));
        let (sort, is_known) = if let Some(mail) = mail(word) {
            (Sort::Mail, known.mails.contains(&mail))
        } else if let Some(web) = web(word).filter(|_| looks_like_web(word)) {
            (Sort::Web, known.webs.contains(&web))
        } else {
            continue;
        };
        if !is_known {
            spots.push(Spot { sort, written: word.to_owned() });
        }
    }
    let place = format!(" {} ", plain(place));
    for written in streets(text) {
        let told = format!(" {} ", plain(&written));
        let known = known.addresses.iter().map(|address| format!(" {address} "));
        if !place.contains(&told) && !known.clone().any(|address| address.contains(&told)) {
            spots.push(Spot { sort: Sort::Address, written });
        }
    }
    for written in postal_codes(text) {
        let joined = |text: &str| text.replace(' ', "").to_lowercase();
        let told = joined(&written);
        if !known.addresses.iter().any(|address| joined(address).contains(&told)) {
            spots.push(Spot { sort: Sort::Address, written });
        }
    }
    spots
}

fn looks_like_web(word: &str) -> bool {
    let said = ["http://", "https://", "www."].iter().any(|start| after(word, start).is_some());
    let host = word.split(['/', '?', '#']).next().unwrap_or_default();
    // The first word of a sentence without a blank before it is no domain.
    said || host.rsplit('.').next().is_some_and(|last| DOMAINS.contains(&last))
}

/// Streets with the number of a house.
fn streets(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut found = Vec::new();
    for (at, pair) in words.windows(2).enumerate() {
        let (street, number) =
            (pair[0], pair[1].trim_matches(|sign: char| ".,;:!?()".contains(sign)));
        let lower = street.to_lowercase();
        let named = STREETS.iter().any(|end| lower.len() > end.len() && lower.ends_with(end));
        let capital = street.chars().next().is_some_and(char::is_uppercase);
        let digits = number.chars().take_while(char::is_ascii_digit).count();
        let house = (1..=4).contains(&digits) && number[digits..].chars().count() <= 1;
        let ends = pair[1].ends_with(['.', ',', ';', '!', '?']);
        let next = words.get(at + 2).map(|next| next.trim_end_matches(['.', ',']).to_lowercase());
        let unit = !ends && next.is_some_and(|next| UNITS.contains(&&next[..]));
        if named && capital && house && !unit && number[digits..].chars().all(char::is_alphabetic) {
            found.push(format!("{street} {number}"));
        }
    }
    found
}

/// Four digits and two capitals.
fn postal_codes(text: &str) -> Vec<String> {
    let signs: Vec<(usize, char)> = text.char_indices().collect();
    let sign = |at: usize| signs.get(at).map(|(_, sign)| *sign);
    let mut found = Vec::new();
    for from in 0..signs.len() {
        let before = from.checked_sub(1).and_then(sign);
        let digit = |at: usize| sign(at).is_some_and(|sign| sign.is_ascii_digit());
        if before.is_some_and(|sign| sign.is_alphanumeric() || "-.+/".contains(sign))
            || sign(from) == Some('0')
            || !(from..from + 4).all(digit)
        {
            continue;
        }
        let letters = from + 4 + usize::from(sign(from + 4) == Some(' '));
        let capital = |at: usize| sign(at).is_some_and(|sign| sign.is_ascii_uppercase());
        let ends = sign(letters + 2).is_none_or(|sign| !sign.is_alphanumeric() && sign != '-');
        if capital(letters) && capital(letters + 1) && ends {
            let until = signs.get(letters + 2).map_or(text.len(), |(at, _)| *at);
            found.push(text[signs[from].0..until].to_owned());
        }
    }
    found
}
