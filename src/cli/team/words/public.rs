//! Words of what the public is told, and of the book of numbers and addresses.

use polder_wire::v1::{ContactTrouble, WarningState};

use super::Words;

words! {
    no_warnings: "The public was told nothing.", "De bevolking is niets verteld.";
    no_contacts: "The book is empty: polder contacts add", "Het boek is leeg: polder contacts add";
    warnings_more: "warnings more", "waarschuwingen meer";
    contacts_more: "lines more", "regels meer";
    warning_stands: "stands", "geldt";
    warning_over: "over", "voorbij";
    warning_drafted_by: "drafted by", "opgesteld door";
    warning_unchecked: "nobody checked it:", "niemand keek het na:";
    warning_later: "later", "later";
    contact_checked: "checked", "gecontroleerd";
    contact_rests: "told by warnings:", "verteld door waarschuwingen:";
    contact_outdated: "told otherwise by warnings that stand:",
        "anders verteld door waarschuwingen die gelden:";
    contact_cited: "rests on", "berust op";
    contact_unseen: "a line that is not held here", "een regel die hier niet is";
    no_such_contact: "no line of the book has a name that begins with",
        "geen regel van het boek heeft een naam die begint met";
    several_contacts: "several lines of the book have a name that begins with",
        "meerdere regels van het boek hebben een naam die begint met";
    contact_added: "Written; another person checks it: polder contacts check",
        "Geschreven; een ander controleert het: polder contacts check";
    contact_is_checked: "Checked, and to be cited:", "Gecontroleerd, en te noemen:";
    warnings_title: "What the public was told", "Wat de bevolking verteld is";
    contacts_title: "The book of numbers and addresses", "Het boek van nummers en adressen";
}

impl Words {
    /// How far a warning is.
    pub fn warning_state(self, state: WarningState) -> &'static str {
        match state {
            WarningState::Unspecified => "?",
            WarningState::Draft => self.0.pick("drafted", "opgesteld"),
            WarningState::Issued => self.0.pick("issued", "uitgegeven"),
            WarningState::Corrected => self.0.pick("corrected", "gecorrigeerd"),
            WarningState::Withdrawn => self.0.pick("withdrawn", "ingetrokken"),
        }
    }

    /// Why a line of the book is not to be told.
    pub fn contact_trouble(self, trouble: ContactTrouble) -> &'static str {
        match trouble {
            ContactTrouble::Unspecified => self.contact_checked(),
            ContactTrouble::Unknown => self.0.pick("not held here", "niet hier aanwezig"),
            ContactTrouble::Changed => self.0.pick("changed since", "sindsdien veranderd"),
            ContactTrouble::Withdrawn => self.0.pick("withdrawn", "ingetrokken"),
            ContactTrouble::Disputed => self.0.pick("disputed", "tegengesproken"),
            ContactTrouble::Unchecked => self.0.pick("not checked", "niet gecontroleerd"),
            ContactTrouble::Expired => self.0.pick("past its time", "over tijd"),
        }
    }
}
