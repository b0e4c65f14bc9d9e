//! Building the picture anew, when what is held counts differently from now on: a feed was found
//! to have forked, so what lies beyond the fork is no longer the feed's but a branch's; an
//! incident was archived, so its records no longer count; or the charter changed, and with it whose
//! records count.

use std::{ops::ControlFlow, sync::Arc};

use polder_picture::{
    admit::{NewScope, ReceiveError},
    forks::{Fork, Place, locate},
    picture::Picture,
    record::{Head, Id},
    refusal::{Class, Refusal},
    suffix::{FeedName, Suffix},
};

use crate::{
    node::Node,
    publish::{Pen, PublishError},
    store::{engine::EngineError, log::damaged, replay::replay_into},
};

/// So many forks may show themselves one behind the other in one suffix.
const FORKS_MAX: usize = 16;

/// Where records turned out to belong.
#[expect(clippy::large_enum_variant, reason = "made once for each, and not kept")]
enum Found {
    Next(Suffix),
    Settled(Result<Head, ReceiveError>),
}

/// What a checkpoint keeps is not enough to tell the branches of such a feed apart.
fn forked_below(feed: &FeedName) -> Refusal {
    let sentence = format!(
        "feed {} came here by a checkpoint and has forked before that: the branch can be taken when \
         its earlier records have come, too",
        feed.root().id()
    );
    tracing::error!(origin = %feed.origin, "{sentence}");
    Refusal::new(Class::FailedPrecondition, "FEED_COVERED", sentence)
}

impl Node {
    /// Takes records that are not the ones held here under their numbers.
    pub(crate) async fn receive_branch(
        self: &Arc<Self>,
        sequence: u64,
        (suffix, scope): (Suffix, NewScope),
    ) -> Result<Result<Head, ReceiveError>, PublishError> {
        let node = Arc::clone(self);
        let found = tokio::task::spawn_blocking(move || node.find(suffix)).await;
        let found = found.map_err(|error| PublishError::Failed(error.to_string()))?;
        match found.map_err(|error| PublishError::Failed(error.to_string()))? {
            Found::Settled(settled) => Ok(settled),
            Found::Next(suffix) => {
                tracing::info!(
                    feed = %suffix.feed().id(), origin = %suffix.feed().origin, sequence,
                    "records of a branch of a feed that forked are taken"
                );
                let mut received = self.receive_once(vec![(suffix, scope)]).await?;
                Ok(received.pop().expect("one suffix has one result"))
            }
        }
    }

    fn find(self: &Arc<Self>, mut suffix: Suffix) -> Result<Found, EngineError> {
        for _ in 0..FORKS_MAX {
            let log = self.log();
            let hash_at = |feed, sequence| {
                log.hash_at(feed, sequence).unwrap_or_else(|error| {
                    tracing::error!(%error, "a record could not be read to compare it");
                    None
                })
            };
            let name = *suffix.feed();
            let place = locate(&self.picture.read(), suffix, hash_at);
            match place {
                Place::Gap(_) if self.covered(name.root().id()).sequence > 0 => {
                    return Ok(Found::Settled(Err(forked_below(&name).into())));
                }
                Place::Fork(fork, _) if self.covered(fork.feed).sequence > fork.last.sequence => {
                    return Ok(Found::Settled(Err(forked_below(&name).into())));
                }
                Place::Next(suffix) => return Ok(Found::Next(suffix)),
                Place::Held(_, head) => return Ok(Found::Settled(Ok(head))),
                Place::Gap(ours) => return Ok(Found::Settled(Err(ReceiveError::Gap { ours }))),
                Place::Fork(fork, whole) => {
                    tracing::error!(
                        origin = %whole.feed().origin, after = fork.last.sequence,
                        "a feed has forked: its key signed two different records with one number. \
                         It closes there; both branches are kept"
                    );
                    self.split(&fork)?;
                    suffix = whole;
                }
            }
        }
        Ok(Found::Settled(Err(ReceiveError::Gap { ours: Head::default() })))
    }

    /// The last record of a feed that a checkpoint covers; zero when it did not come by one.
    pub(crate) fn covered(&self, feed: Id) -> Head {
        let picture = self.picture.read();
        picture.feed_index(feed).map_or_else(Head::default, |index| picture.feed(index).covered)
    }

    /// Closes a feed before a fork.
    fn split(self: &Arc<Self>, fork: &Fork) -> Result<(), EngineError> {
        let pen = self.pen().lock();
        let (index, end, lsn) = {
            let picture = self.picture.read();
            let index = picture.feed_index(fork.feed).ok_or_else(|| damaged("a feed"))?;
            let closed = picture.feed(index).closed;
            if closed.is_some_and(|closed| closed.sequence <= fork.last.sequence) {
                return Ok(());
            }
            (index, picture.feed(index).head, picture.lsn())
        };
        let (last, first) = (fork.last, fork.first);
        let split = self.log().split(fork, end, lsn);
        let split = split.and_then(|()| {
            self.rebuild(&pen, |picture| {
                picture.split(index, last, first);
            })
        });
        split.inspect_err(|error| self.fail(error))
    }

    /// Builds the picture anew from the log. Scopes and feeds keep their indices; `change` sees
    /// them before the records come. Subscribers are sent a reset. The pen shows that nobody
    /// writes meanwhile; the log must say the same that `change` does.
    pub(crate) fn rebuild(
        &self,
        _pen: &Pen,
        change: impl FnOnce(&mut Picture),
    ) -> Result<(), EngineError> {
        let mut picture = self.picture.read().emptied();
        change(&mut picture);
        let heads: Vec<_> = picture.feeds().iter().map(|feed| feed.head).collect();
        let log = self.log();
        let branches = log.branches()?;
        let mut bad = None;
        log.arrivals(0, &mut |_, arrival| {
            bad = replay_into(&mut picture, &branches, &arrival, |_, _| true).err();
            if bad.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if let Some(problem) = bad {
            return Err(damaged(&problem));
        }
        for (feed, head) in (0..).zip(heads) {
            picture.set_head(feed, head);
        }
        picture.install_archived(&log.archived()?);
        log.load_incidents(&mut picture)?;
        let lsn = picture.lsn();
        {
            let mut shown = self.picture.write();
            *shown = picture;
            self.recent.lock().clear();
            self.tails.clear();
            self.note_rebuilt(lsn);
        }
        self.changed.send_replace(lsn);
        Ok(())
    }
}
