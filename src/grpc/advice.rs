//! What contradicts advice to the public that still stands is published only by who cites it, and
//! numbers and addresses only as the book has them.

use std::{collections::HashSet, sync::Arc};

use polder_picture::{
    record::Id,
    refusal::{Class, Refusal, Violation},
    team::{
        advice::{Excluded, Telling, is_checked, standing},
        book::{Known, Sort, may_be_told},
        subject::Advice,
    },
};
use polder_wire::v1::ContactTrouble;
use tonic::Status;

use super::{author::Item, blocking, picture::Submission, status::Refused};
use crate::{
    node::Node,
    people::Caller,
    present,
    publish::{Receipt, Task},
    team::{Shelf, cited_name, root_of},
};

/// A refusal names so many pieces of advice.
const NAMED_MAX: usize = 8;

/// Publishes items of which some tell the public what to do. One after the other, also when the
/// caller goes away meanwhile: of two at a time the second must see the first.
pub(super) async fn tell(
    node: &Arc<Node>,
    caller: &Caller,
    root: u32,
    items: Vec<Item>,
    work: Submission,
    task: impl FnOnce(Vec<Item>) -> Task + Send + 'static,
) -> Result<Receipt, Refused> {
    let (node, caller) = (Arc::clone(node), caller.clone());
    let told = tokio::spawn(async move {
        let _turn = node.telling.lock().await;
        let Submission { lane, key, weight } = work;
        let items = match node.answered(key.as_ref()) {
            // What was answered before is answered so again, whatever was told since.
            Some(_) => items,
            None => refuse_excluded(&node, &caller, root, items).await?,
        };
        Ok::<_, Refused>(node.submit(lane, key, weight, task(items)).await?)
    });
    told.await.map_err(|error| Refused(Status::internal(error.to_string())))?
}

/// Refuses what contradicts advice that stands, as far as the caller sees it, without citing it.
async fn refuse_excluded(
    node: &Arc<Node>,
    caller: &Caller,
    root: u32,
    items: Vec<Item>,
) -> Result<Vec<Item>, Refused> {
    let (node, caller) = (Arc::clone(node), caller.clone());
    let checked = blocking(move || {
        let (board, incident, mode, seen) = {
            let picture = node.picture.read();
            let (scope, sight) = (picture.scope(root), caller.sight(&picture));
            let seen = picture.audiences(&scope.incident).filter(|scope| sight.covers(*scope));
            let seen: HashSet<Id> = seen.map(|scope| picture.scope(scope).id).collect();
            (root_of(scope), scope.incident.clone(), scope.mode, seen)
        };
        let mut shelf = Shelf::new(&node, &caller, None, mode);
        let now_ms = node.wall.now_ms();
        let mut told: Vec<(usize, Telling)> = Vec::new();
        let mut checked = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            let telling = item.as_ref().ok().and_then(|item| item.telling.clone());
            let Some(telling) = telling else {
                checked.push(item);
                continue;
            };
            let author = caller.author();
            let seen_by = |scope: Id| seen.contains(&scope);
            if !author.is_empty() && !telling.unchecked {
                let is_checked = |board: &_| is_checked(board, &telling, author, seen_by);
                if !node.boards.ask(&node, board, is_checked)? {
                    checked.push(Err(needs_second(at, telling.is_contact)));
                    continue;
                }
            }
            if let Some(refusal) = not_in_book(at, &telling, &mut shelf)? {
                checked.push(Err(refusal));
                continue;
            }
            let with = told.iter().find_map(|(other, earlier)| {
                let excluded = telling.excludes(earlier, now_ms)?;
                Some((excluded, format!("items[{other}] of the same request")))
            });
            let mut opposed: Vec<_> = with.into_iter().collect();
            if opposed.is_empty() {
                let stands = |board: &_| standing(board, &telling, now_ms, seen_by);
                let stands = node.boards.ask(&node, board, stands)?.into_iter().take(NAMED_MAX);
                opposed.extend(stands.map(|one| {
                    let name = present::entry_name(&incident, one.at.entry);
                    let version = present::version(Id(one.version.feed), one.version.sequence);
                    let named = format!("{name}/versions/{version} of parties/{}", one.party);
                    (one.excluded, named)
                }));
            }
            if opposed.is_empty() {
                told.push((at, telling));
                checked.push(item);
            } else {
                checked.push(Err(refusal(at, opposed)));
            }
        }
        Ok(checked)
    });
    checked.await.map_err(Refused)
}

/// What the public is told was checked by nobody else.
fn needs_second(at: usize, is_contact: bool) -> Refusal {
    let (field, sentence) = if is_contact {
        let sentence = "is said of a line that nobody else wrote: publish it unchecked and let \
                        another person try the number or address and check it unchanged";
        ("contact.checked", sentence)
    } else {
        let sentence = "is told to the public in words that nobody else drafted: publish it as a \
                        draft and let another person issue it unchanged, or say in \
                        unchecked_reason why nobody could check it";
        ("warning.state", sentence)
    };
    let field = format!("items[{at}].entry.{field}");
    let refusal = Refusal::field(field, "SECOND_PERSON_NEEDED", sentence);
    Refusal { class: Class::FailedPrecondition, ..refusal }
}

/// Refuses a warning with a line that may not be told, or with a number or address of no line.
fn not_in_book(
    at: usize,
    telling: &Telling,
    shelf: &mut Shelf<'_>,
) -> Result<Option<Refusal>, Refused> {
    let mut violations = Vec::new();
    let mut known = Known::default();
    for (index, cited) in telling.contacts.iter().enumerate() {
        let (trouble, found) = shelf.look(cited)?;
        if may_be_told(trouble, telling.unchecked) {
            found.and_then(|(_, line)| line).iter().for_each(|line| known.add(line));
            continue;
        }
        let sentence = format!("cites {}, which {}", cited_name(cited), troubled(trouble));
        let field = format!("items[{at}].entry.warning.contacts[{index}]");
        violations.push(Violation { field, reason: "NOT_IN_BOOK", sentence });
    }
    for (path, spot) in telling.unknown(&known).into_iter().take(NAMED_MAX) {
        let what = match spot.sort {
            Sort::Telephone => "telephone number",
            Sort::Web => "web address",
            Sort::Mail => "mail address",
            Sort::Address => "street address",
        };
        let sentence = format!(
            "holds “{}”, which is no {what} of a line of the book that the warning cites: publish \
             it as a contact, let another person check it, and cite it in warning.contacts",
            spot.written
        );
        let field = format!("items[{at}].entry.{path}");
        violations.push(Violation { field, reason: "NOT_IN_BOOK", sentence });
    }
    let refusal = Refusal::violations(violations);
    Ok(refusal.map(|refusal| Refusal { class: Class::FailedPrecondition, ..refusal }))
}

fn troubled(trouble: ContactTrouble) -> &'static str {
    match trouble {
        ContactTrouble::Unspecified => "holds",
        ContactTrouble::Unknown => "is no contact that is held here, in an incident of this mode",
        ContactTrouble::Changed => "was changed since: look at it again, and cite it as it is now",
        ContactTrouble::Withdrawn => "was withdrawn",
        ContactTrouble::Disputed => "has several versions: decide which of them is right",
        ContactTrouble::Unchecked => {
            "nobody else checked: let another person do so, or say in \
                                      unchecked_reason why nobody could"
        }
        ContactTrouble::Expired => {
            "is past its time: see whether it still holds, and publish it \
                                    anew"
        }
    }
}

fn refusal(at: usize, opposed: Vec<(Excluded, String)>) -> Refusal {
    let violation = |(excluded, named): (Excluded, String)| {
        let sentence = format!(
            "tells people in {} to {}, while {named}, which tells them to {}, still stands: withdraw \
             that first, or cite it in relations with WITHDRAWS or CONTRADICTS",
            excluded.place,
            words(excluded.told),
            words(excluded.stands),
        );
        let field = format!("items[{at}].entry.warning.responses");
        Violation { field, reason: "ADVICE_STANDS", sentence }
    };
    let refusal = Refusal::violations(opposed.into_iter().map(violation).collect());
    let refusal = refusal.expect("something is opposed");
    Refusal { class: Class::FailedPrecondition, ..refusal }
}

fn words(advice: Advice) -> &'static str {
    match advice {
        Advice::Leave => "leave",
        Advice::Stay => "stay inside",
        Advice::KeepAway => "stay away",
        Advice::AllClear => "do nothing more",
    }
}
