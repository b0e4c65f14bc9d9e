//! Guests: in within a minute, to what they were named for, and out at once.

use std::time::{Duration, SystemTime};

use polder_wire::v1::{
    CallerKind, DeleteAccountRequest, InviteGuestRequest, InviteGuestResponse, Role,
    people_service_client::PeopleServiceClient, sign_in_request::Means,
};

use crate::{harness::*, who::*};

fn invitation(incident: &str, audiences: &[&str], lasts: Duration) -> InviteGuestRequest {
    InviteGuestRequest {
        display_name: "Red Cross".into(),
        incident: format!("incidents/{incident}"),
        audiences: audiences.iter().map(|id| format!("audiences/{id}")).collect(),
        expire_time: Some((SystemTime::now() + lasts).into()),
        ..Default::default()
    }
}

async fn invite(by: &Person, request: InviteGuestRequest) -> InviteGuestResponse {
    by.people().invite_guest(request).await.unwrap().into_inner()
}

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn a_guest_sees_what_it_was_invited_to_and_is_out_at_once() {
    let home = Home::new();
    let node = home.start().await;
    let [_, paul, fien, _] = under_a_charter(&node).await;
    paul.put(&observation("flood", "for everybody"), "").await.unwrap();
    paul.put(&observation("flood", "for responders"), "audiences/responders").await.unwrap();

    let invited = invite(&fien, invitation("flood", &["all"], HOUR)).await;
    let account = invited.account.unwrap();
    let guest = sign_in_by(&node, Means::Invitation(invited.invitation.clone())).await.unwrap();
    let caller = guest.caller().await.unwrap();
    assert_eq!((caller.kind(), &caller.grants[0].party[..]), (CallerKind::Guest, "parties/fire"));
    assert_eq!(guest.titles().await, ["for everybody"]);
    let refused = guest.put(&observation("flood", "a guest reads"), "").await.unwrap_err();
    assert_eq!(reason(&refused), "RIGHT_MISSING");

    // Who invited ends it; somebody of another party does not know of it.
    let end = DeleteAccountRequest { name: account.name };
    let refused = paul.people().delete_account(end.clone()).await.unwrap_err();
    assert_eq!(reason(&refused), "ACCOUNT_NOT_FOUND");
    fien.people().delete_account(end).await.unwrap();
    assert_eq!(reason(&guest.caller().await.unwrap_err()), "SESSION_ENDED");
    let refused = sign_in_by(&node, Means::Invitation(invited.invitation)).await.err().unwrap();
    assert_eq!(reason(&refused), "INVITATION_WRONG");
}

#[tokio::test]
async fn a_guest_of_a_node_without_accounts_keeps_nobody_out() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    node.put(&observation("flood", "for everybody")).await;
    let mut open = PeopleServiceClient::new(node.connect().await);
    let invited = open.invite_guest(invitation("flood", &["all"], HOUR)).await.unwrap();
    let invitation = Means::Invitation(invited.into_inner().invitation);
    let guest = sign_in_by(&node, invitation).await.unwrap();
    assert_eq!(guest.titles().await, ["for everybody"]);
    node.put(&observation("flood", "the operator goes on")).await;
}

#[tokio::test]
async fn nobody_invites_to_more_than_they_see_themselves_or_for_ever() {
    let home = Home::new();
    let node = home.start().await;
    let [admin, _, fien, mia] = under_a_charter(&node).await;
    let refuse = async |by: &Person, request: InviteGuestRequest, why: &str| {
        let refused = by.people().invite_guest(request).await.unwrap_err();
        assert_eq!(reason(&refused), why, "{refused:?}");
    };
    refuse(&fien, invitation("flood", &["investigation"], HOUR), "AUDIENCE_NOT_FOUND").await;
    refuse(&fien, invitation("flood", &["nothing"], HOUR), "AUDIENCE_NOT_FOUND").await;
    refuse(&fien, invitation("outage", &["all"], HOUR), "AUDIENCE_NOT_FOUND").await;
    refuse(&fien, invitation("flood", &["all"], 40 * 24 * HOUR), "OUT_OF_RANGE").await;
    refuse(&mia, invitation("flood", &["all"], HOUR), "RIGHT_MISSING").await;
    refuse(&admin, invitation("flood", &["all"], HOUR), "RIGHT_MISSING").await;
    let for_others = InviteGuestRequest {
        party: "parties/police".into(),
        ..invitation("flood", &["all"], HOUR)
    };
    refuse(&fien, for_others, "PARTY_NOT_YOURS").await;
    let as_leader = InviteGuestRequest {
        role: Role::OperationalLeader.into(),
        ..invitation("flood", &["all"], HOUR)
    };
    refuse(&fien, as_leader, "OUT_OF_RANGE").await;
}

#[tokio::test]
async fn a_guest_that_may_report_speaks_for_its_host_and_ends_at_its_time() {
    let home = Home::new();
    let node = home.start().await;
    let [_, _, fien, mia] = under_a_charter(&node).await;
    let request = InviteGuestRequest {
        role: Role::Liaison.into(),
        ..invitation("flood", &["all"], Duration::from_secs(4))
    };
    let invited = invite(&fien, request).await;
    let guest = sign_in_by(&node, Means::Invitation(invited.invitation)).await.unwrap();
    let name = guest.put(&observation("flood", "forty beds ready"), "").await.unwrap().name;
    let entry = mia.get(&name).await.unwrap();
    assert_eq!(entry.party, "parties/fire");
    assert!(entry.author.starts_with("guest-"), "{}", entry.author);
    // Its time comes, whatever it has open.
    for _ in 0..200 {
        if guest.caller().await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(reason(&guest.caller().await.unwrap_err()), "SESSION_ENDED");
    assert_eq!(mia.titles().await, ["forty beds ready"], "what it said stays");
}
