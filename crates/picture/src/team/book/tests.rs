//! What is taken for a number or address, and what is not.

use polder_wire::v1::{Contact, Entry, entry::Body};
use proptest::prelude::*;

use super::*;

fn line(telephone: &str, web: &str, address: &str) -> Known {
    let contact = Contact {
        telephone: telephone.into(),
        web: web.into(),
        mail: "vragen@voorbeeld.nl".into(),
        address: address.into(),
        ..Contact::default()
    };
    let entry = Entry { body: Some(Body::Contact(contact)), ..Entry::default() };
    let mut known = Known::default();
    known.add(&ContactSaid::of(&entry).unwrap());
    known
}

fn written(text: &str, known: &Known) -> Vec<String> {
    unknown(text, "Hoofdstraat 3, Venlo", known).into_iter().map(|spot| spot.written).collect()
}

#[test]
fn one_number_is_the_same_however_it_is_written() {
    let same = [
        "043 - 350 50 00",
        "0433505000",
        "(043) 350 5000",
        "+31 43 350 50 00",
        "+31 (0)43 350 50 00",
        "0031-43-3505000",
        "043.350.5000",
        "043/3505000",
    ];
    for one in same {
        assert_eq!(telephone(one).as_deref(), Some("+31433505000"), "{one}");
        let known = line(one, "", "");
        for other in same {
            let text = format!("Vragen? Bel {other} (24 uur per dag).");
            assert_eq!(written(&text, &known), [""; 0], "{one}: {other}");
        }
    }
    assert_eq!(telephone("0900 8844").as_deref(), Some("09008844"));
    assert_eq!(telephone("0900-8844").as_deref(), Some("09008844"));
    assert_eq!(telephone("112").as_deref(), Some("112"));
    for none in ["", "12", "bel 112", "+31 43 350 50 00 / 01 02 03 04", "043-3505000 of 112"] {
        assert_eq!(telephone(none), None, "{none}");
    }
}

#[test]
fn a_number_that_is_not_in_the_book_is_found_also_with_a_digit_wrong() {
    let known = line("043-3505000", "", "");
    let rows = [
        ("Bel 043-3505001", "043-3505001"),
        ("Bel 043-350500 voor hulp", "043-350500"),
        ("Bel +31 43 350 50 01 nu", "+31 43 350 50 01"),
        ("Nummer: 0900-1234", "0900-1234"),
        ("call 0800 1234 for help", "0800 1234"),
        ("Bel 122 alleen bij levensgevaar", "122"),
        ("tel. 1400", "1400"),
        ("Gemeente: 14 043", "14 043"),
        ("WhatsApp naar 06 12 34 56 78", "06 12 34 56 78"),
        ("06.12.34.56.78", "06.12.34.56.78"),
        ("bel met het nummer 1850", "1850"),
        ("+32 2 000 00 00", "+32 2 000 00 00"),
    ];
    for (text, found) in rows {
        assert_eq!(written(text, &known), [found], "{text}");
    }
}

#[test]
fn times_dates_and_amounts_are_no_numbers_to_call() {
    let texts = [
        "Verlaat uw huis vóór 07.00 uur",
        "Van 07.00 - 09.00 uur",
        "Bel niet voor 09.00 uur",
        "Op 06-07-2021 om 18:30",
        "Sinds 2021-07-16 06:00",
        "1.250.000 mensen, 3100 m3/s, 16,5 km, 05-07 graden",
        "De A2 en N278 zijn dicht bij 51.2, 6.1",
        "Bel 112 alleen bij levensgevaar",
        "112 huizen en 113 woningen",
        "Code 3 tussen 14 en 16 juli 2021, NL-Alert 2 van 3",
        "Maasdijk 30 cm hoger dan Hoofdstraat 3",
        "Ga naar boven.De Geul stijgt",
    ];
    for text in texts {
        assert_eq!(written(text, &Known::default()), [""; 0], "{text}");
    }
}

#[test]
fn addresses_are_found_unless_the_book_or_the_place_of_the_warning_has_them() {
    let known =
        line("", "https://www.Voorbeeld.nl/hoogwater/", "Sportlaan 12a, 6211 AB Maastricht");
    for text in [
        "Kijk op voorbeeld.nl/hoogwater.",
        "Kijk op www.voorbeeld.nl/hoogwater/ of http://voorbeeld.nl/hoogwater!",
        "Opvang: Sportlaan 12a (6211AB).",
        "Mail Vragen@voorbeeld.nl",
    ] {
        assert_eq!(written(text, &known), [""; 0], "{text}");
    }
    let rows = [
        ("Kijk op voorbeeld.nl", "voorbeeld.nl"),
        ("Kijk op www.vorbeeld.nl/hoogwater", "www.vorbeeld.nl/hoogwater"),
        ("Mail info@voorbeeld.nl", "info@voorbeeld.nl"),
        ("Opvang: Sportlaan 12", "Sportlaan 12"),
        ("Opvang: Sportlaan 12b.", "Sportlaan 12b"),
        ("Naar 6211 AC, Maastricht", "6211 AC"),
    ];
    for (text, found) in rows {
        assert_eq!(written(text, &known), [found], "{text}");
    }
}

proptest! {
    #[test]
    fn every_national_number_is_found_and_none_is_once_it_is_cited(
        digits in "0[1-8][0-9]{8}",
        cuts in prop::collection::btree_set(2usize..9, 0..4),
        sign in prop::sample::select(vec![" ", "-", " - ", "/"]),
    ) {
        let mut told = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if cuts.contains(&at) {
                told.push_str(sign);
            }
            told.push(digit);
        }
        let text = format!("Vragen? {told}.");
        prop_assert_eq!(written(&text, &Known::default()).len(), 1, "{}", text);
        prop_assert!(written(&text, &line(&digits, "", "")).is_empty(), "{}", text);
    }

    #[test]
    fn no_text_stops_the_search(text in "\\PC{0,200}") {
        let known = line("043-3505000", "voorbeeld.nl", "Sportlaan 12");
        for spot in unknown(&text, "", &known) {
            prop_assert!(text.contains(&spot.written) || spot.sort == Sort::Address);
        }
    }
}
