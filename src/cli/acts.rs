//! What was done, in words.

use polder_wire::v1::ActKind;

use super::words::Words;

impl Words {
    /// What somebody did; a name stands before it.
    pub fn act(self, kind: ActKind) -> &'static str {
        let (english, dutch) = match kind {
            ActKind::Unspecified => ("did something", "deed iets"),
            ActKind::Published => ("published the entry", "plaatste het item"),
            ActKind::Changed => ("changed the entry", "wijzigde het item"),
            ActKind::Retracted => ("withdrew the entry", "trok het item in"),
            ActKind::Released => ("released it to others", "gaf het vrij aan anderen"),
            ActKind::IncidentOpened => ("opened the incident", "opende het incident"),
            ActKind::IncidentChanged => ("changed the incident", "wijzigde het incident"),
            ActKind::IncidentClosed => ("closed the incident", "sloot het incident"),
            ActKind::LetIn => ("was let in", "werd binnengelaten"),
            ActKind::KeptOut => ("was kept out", "werd buitengehouden"),
            ActKind::GuestInvited => ("invited a guest", "nodigde een gast uit"),
            ActKind::AccountSet => ("made or changed an account", "maakte of wijzigde een account"),
            ActKind::AccountRemoved => ("removed an account", "verwijderde een account"),
            ActKind::SignedOut => ("signed out", "meldde zich af"),
            ActKind::StatementsAdded => {
                ("added statements to the charter", "voegde verklaringen toe aan het handvest")
            }
            ActKind::EntryRead => ("opened the entry", "opende het item"),
            ActKind::VersionsRead => ("read its versions", "las de versies ervan"),
            ActKind::AttachmentRead => ("opened an attachment", "opende een bijlage"),
            ActKind::ListRead => ("read a list", "las een lijst"),
            ActKind::Followed => ("followed the picture", "volgde het beeld"),
            ActKind::PastRead => ("read the picture of the past", "las het beeld van toen"),
            ActKind::AccountRead => ("asked who did what", "vroeg wie wat deed"),
            ActKind::Exported => ("took a bundle along", "nam een bundel mee"),
            ActKind::Archived => ("archived the incident", "archiveerde het incident"),
            ActKind::ArchiveDropped => ("dropped what was archived", "gooide het archief weg"),
            ActKind::Imported => ("brought a bundle", "bracht een bundel"),
            ActKind::BackedUp => ("took a backup", "maakte een back-up"),
            ActKind::ActsLost => {
                ("acts could not be written down", "handelingen konden niet genoteerd worden")
            }
        };
        self.0.pick(english, dutch)
    }
}
