//! The way in: what a node stores of an item is what the author sent, and nothing else.

use polder::{
    intake::{Usual, check_item},
    present,
};
use polder_picture::{
    admit::Act, attributes::Attributes, check::Checker, entry::check_entry, fields, kinds,
    names::EntryName, picture::Picture,
};
use polder_wire::v1::{Content, Entry, PublishItem, content::Content as Case};
use prost::Message as _;

const USUAL: Usual<'_> = Usual {
    party: "zuid-limburg",
    now_ms: 1_700_000_000_000,
    retention: std::time::Duration::from_secs(86_400),
};

/// Takes the bytes as an item, and as the entry of one.
pub(crate) fn check(data: &[u8]) {
    if let Ok(item) = PublishItem::decode(data) {
        check_one(&item);
    }
    check_one(&PublishItem { entry: data.to_vec().into(), ..Default::default() });
}

fn check_one(item: &PublishItem) {
    let checked = match check_item(item, "items[0]", USUAL) {
        Ok(checked) => checked,
        Err(refusal) => {
            let inside = |field: &str| field.starts_with("items[0]");
            assert!(!refusal.fields.is_empty() && !refusal.reason.is_empty());
            assert!(refusal.fields.iter().all(|wrong| inside(&wrong.field)), "{refusal:?}");
            return;
        }
    };
    let (incident, id) = (checked.incident.clone(), checked.entry);
    let Ok(draft) = checked.draft(&Picture::default(), 0, "", "items[0]") else {
        assert!(item.supersedes.is_some(), "only a version can be unknown");
        return;
    };
    let content = Content::decode(draft.sealed.payload.bytes.clone()).expect("just encoded");
    let Some(Case::Entry(stored)) = content.content else { panic!("an entry is stored as one") };
    fields::walk(&stored, |number, _| assert!(!present::is_output_only(number), "field {number}"))
        .expect("just encoded");
    let entry = Entry::decode(stored.clone()).expect("just encoded");
    if let Some(kind) = kinds::of(&entry) {
        let field = present::body_field(&stored);
        assert_eq!(kind.field, field, "a body that was not checked");
    }
    let name = EntryName::parse(&entry.name).expect("a full name");
    assert_eq!((name.incident.id(), name.entry), (incident.as_str(), id));
    assert!(entry.party.starts_with("parties/"), "no party");

    // What was accepted once is accepted by every other node, and shows what was checked.
    let field = present::body_field(&stored);
    let mut check = Checker::new("entry");
    check_entry(&entry, kinds::by_field(field), &mut check);
    assert_eq!(check.finish(), Ok(()));
    let Act::Put(attributes) = draft.act else { panic!("an item is put") };
    let party = entry.party.trim_start_matches("parties/");
    assert_eq!(Attributes::of_entry(&entry, party, field, draft.lane), attributes);
    assert_eq!(u32::from(attributes.kind), field, "kinds are told apart");
}
