//! What is written down of questions to the account itself: who watches is watched too.

use polder_wire::v1::{Act, ActKind, ListActsRequest};
use prost_types::Timestamp;

use super::act;
use crate::people::Caller;

/// That somebody asks who did what; `None` when it is only for the next page of an answer. An
/// entry that was asked about stands in the detail: asking who has seen it shows nothing of it.
pub fn question(caller: &Caller, request: &ListActsRequest) -> Option<Act> {
    if !request.page_token.is_empty() {
        return None;
    }
    let of_entry = request.entry.split_once("/entries/").map(|(incident, _)| incident);
    let incident = Some(&request.incident[..]).filter(|name| !name.is_empty()).or(of_entry);
    let names = [("person", &request.person), ("entry", &request.entry)];
    let names = names.into_iter().filter(|(_, name)| !name.is_empty());
    let names = names.map(|(word, name)| format!("{word} {name}"));
    let times = [("from", &request.from_time), ("until", &request.until_time)];
    let times = times.into_iter().filter_map(|(word, time)| Some((word, time.as_ref()?)));
    let times = times.map(|(word, time): (_, &Timestamp)| format!("{word} {time}"));
    let detail: Vec<_> = names.chain(times).collect();
    Some(Act {
        incident: incident.unwrap_or_default().to_owned(),
        detail: detail.join(", "),
        ..act(caller, ActKind::AccountRead)
    })
}
