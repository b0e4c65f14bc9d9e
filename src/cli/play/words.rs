//! Words of playing an incident back, in English and Dutch.

use crate::cli::words::Words;

macro_rules! words {
    ($($name:ident: $english:literal, $dutch:literal;)*) => {
        #[allow(missing_docs, reason = "the sentences say what they are")]
        impl Words {
            $(pub(super) fn $name(self) -> &'static str {
                self.0.pick($english, $dutch)
            })*
        }
    };
}

words! {
    play_into: "Played into", "Nagespeeld in";
    play_unit: "versions", "versies";
    play_versions_of: "versions played, of", "versies nagespeeld, van";
    play_entries: "entries", "items";
    play_nothing: "There is nothing in it that could be played.", "Er staat niets in dat nagespeeld kan worden.";
    play_speeds: "--speed must be 0.01 to 10000", "--speed moet 0.01 tot 10000 zijn";
    play_personal: "with personal data: not played", "met persoonsgegevens: niet nagespeeld";
    play_unreadable: "erased or not readable here: not played", "gewist of hier niet te lezen: niet nagespeeld";
    play_aside: "did not count then: not played", "telden toen niet: niet nagespeeld";
    play_beside: "stand beside what they replaced, because one node writes here what several wrote",
        "staan naast wat ze vervingen, omdat hier één knooppunt schrijft wat meerdere schreven";
    play_parties: "this node may not speak for them, so they are named as source only",
        "dit knooppunt mag niet voor hen spreken, dus ze staan alleen als bron vermeld";
    play_left_out: "Earlier versions came to this node by a checkpoint only, and are not played.",
        "Eerdere versies kwamen hier alleen door een ijkpunt, en zijn niet nagespeeld.";
}
