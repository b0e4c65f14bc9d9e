//! Feeds of other nodes that come by a checkpoint, and what that left out, when it comes later.

use std::sync::Arc;

use polder_picture::{
    admit::{NewScope, ReceiveError},
    fill::Fill,
    jump::Jump,
    record::Head,
};
use polder_wire::v1::Lane;

use crate::{
    node::Node,
    publish::{PublishError, Work},
};

impl Node {
    /// Has a feed of another node taken by a checkpoint and waits until that is durable.
    pub async fn leap(
        self: &Arc<Self>,
        jump: Jump,
        scope: NewScope,
    ) -> Result<Result<Head, ReceiveError>, PublishError> {
        let (lane, jump) = (jump.feed().lane, Box::new(jump));
        let lane = if lane == Lane::Urgent { lane } else { Lane::Bulk };
        let weight = jump.bytes() + 64 * jump.len();
        let leap = |reply| Work::Leap { jump, scope, reply };
        let mut received = self.have_done(lane, weight, leap).await?;
        self.settle(received.pop().expect("one jump has one result")).await
    }

    /// Has records taken that a checkpoint left out, and waits until that is durable. Where all
    /// later records of the feed are held from, then; zero when it is whole.
    pub async fn fill(
        self: &Arc<Self>,
        fill: Fill,
        scope: NewScope,
    ) -> Result<Result<Head, ReceiveError>, PublishError> {
        let weight = fill.bytes() + 64 * fill.len();
        let (feed, first, last) =
            (fill.feed().id(), fill.after().sequence + 1, fill.edge().sequence);
        let log = self.log();
        // What a checkpoint keeps stays as it is, so nobody need wait for the look at it.
        let look = move || log.held_between(feed, first, last);
        let held = tokio::task::spawn_blocking(look).await;
        let failed = |error: String| PublishError::Failed(error);
        let held = held.map_err(|error| failed(error.to_string()))?;
        let held = held.map_err(|error| failed(error.to_string()))?;
        let fill = Box::new(fill);
        let work = |reply| Work::Fill { fill, held, scope, reply };
        // Of whichever lane they are: nobody waits for them.
        let mut filled = self.have_done(Lane::Bulk, weight, work).await?;
        Ok(filled.pop().expect("one fill has one result"))
    }
}
