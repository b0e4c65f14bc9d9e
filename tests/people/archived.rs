//! A narrower audience of a closed incident: sealed, archived and dropped by itself, and what is
//! told of that to whom.

use polder_wire::v1::{
    ArchiveIncidentRequest, ArchiveSummary, CloseIncidentRequest, DropArchivedIncidentRequest,
    GetIncidentRequest, Incident,
};
use tonic::Status;

use crate::{harness::*, who::*};

const INVESTIGATION: &str = "audiences/investigation";
const RESPONDERS: &str = "audiences/responders";

async fn archive(who: &Person, audience: &str) -> Result<(Vec<u8>, ArchiveSummary), Status> {
    let (incident, audience) = ("incidents/flood".to_owned(), audience.to_owned());
    let request = ArchiveIncidentRequest { incident, audience };
    let mut stream = who.node().archive_incident(request).await?.into_inner();
    let mut file = Vec::new();
    loop {
        let message = stream.message().await?.expect("the last message has the summary");
        file.extend_from_slice(&message.data);
        if let Some(summary) = message.summary {
            return Ok((file, summary));
        }
    }
}

async fn drop_archived(who: &Person, audience: &str, file: &[u8]) -> Result<(), Status> {
    let (incident, audience) = ("incidents/flood".to_owned(), audience.to_owned());
    let data = bytes::Bytes::copy_from_slice(file);
    let request = DropArchivedIncidentRequest { incident, audience, data };
    let sent = tokio_stream::iter([request]);
    let mut stream = who.node().drop_archived_incident(sent).await?.into_inner();
    while stream.message().await?.is_some() {}
    Ok(())
}

async fn incident(who: &Person) -> Incident {
    let request = GetIncidentRequest { name: "incidents/flood".into() };
    who.incidents().get_incident(request).await.unwrap().into_inner().incident.unwrap()
}

/// Audiences of which somebody hears how they ended, with their records up to the seal and whether
/// they were dropped.
async fn endings(who: &Person) -> Vec<(String, i64, bool)> {
    let endings = incident(who).await.audience_endings.into_iter();
    let told = endings.map(|ending| {
        (ending.audience, ending.seal.unwrap().record_count, ending.archive.is_some())
    });
    told.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audience_is_sealed_archived_and_dropped_by_itself_and_only_it_hears_of_it() {
    let home = Home::new();
    let mut node = home.start().await;
    let [admin, paul, fien, mia] = under_a_charter(&node).await;
    let secret = paul.put(&observation("flood", "a suspect"), INVESTIGATION).await.unwrap().name;
    paul.put(&observation("flood", "a witness"), INVESTIGATION).await.unwrap();
    fien.put(&observation("flood", "the boat is here"), RESPONDERS).await.unwrap();
    mia.put(&observation("flood", "beds are free"), "").await.unwrap();
    let early = archive(&admin, INVESTIGATION).await.unwrap_err();
    assert_eq!(reason(&early), "INCIDENT_NOT_CLOSED");
    let close = CloseIncidentRequest {
        name: "incidents/flood".into(),
        reason: "over".into(),
        ..Default::default()
    };
    let closed = paul.incidents().close_incident(close).await;
    assert!(closed.is_ok(), "{closed:?} {}", node.stderr.lock().unwrap());

    // The records of each and the one that sealed it.
    let (of_police, of_both) = ((INVESTIGATION.into(), 3, false), (RESPONDERS.into(), 2, false));
    assert_eq!(endings(&paul).await, [of_police, of_both.clone()]);
    assert_eq!(endings(&fien).await, [of_both]);
    assert_eq!(endings(&mia).await, []);

    let (whole, summary) = archive(&admin, "").await.unwrap();
    assert_eq!(summary.audience, "audiences/all");
    assert_eq!(summary.audiences_left, [INVESTIGATION, RESPONDERS]);
    let (file, summary) = archive(&admin, INVESTIGATION).await.unwrap();
    assert_eq!((summary.record_count, summary.sealed, summary.late_record_count), (3, true, 0));
    let path = home.beside("investigation.polder");
    std::fs::write(&path, &file).unwrap();
    let told = must(&["verify", "--archive", path.to_str().unwrap()]);
    assert!(told.contains("audience investigation") && told.contains("3 records"), "{told}");
    for (audience, wanted) in
        [("investigation", "MALFORMED_NAME"), ("audiences/no", "AUDIENCE_NOT_FOUND")]
    {
        assert_eq!(reason(&archive(&admin, audience).await.unwrap_err()), wanted);
    }
    assert_eq!(reason(&archive(&paul, INVESTIGATION).await.unwrap_err()), "RIGHT_MISSING");

    for (audience, other) in [(INVESTIGATION, &whole), ("", &file), (RESPONDERS, &file)] {
        let refused = drop_archived(&admin, audience, other).await.unwrap_err();
        assert_eq!(reason(&refused), "ARCHIVE_DIFFERS", "{audience}");
    }
    drop_archived(&admin, INVESTIGATION, &file).await.unwrap();
    assert_eq!(paul.titles().await, ["beds are free", "the boat is here"]);
    assert_eq!(reason(&paul.get(&secret).await.unwrap_err()), "INCIDENT_ARCHIVED");
    // To whoever may not know of it, it is what never was.
    let never = "incidents/flood/entries/0d6c2f1e-4f0c-4a6e-9b1c-2f4f8f0f7a11";
    let (gone, never) = (fien.get(&secret).await.unwrap_err(), fien.get(never).await.unwrap_err());
    assert_eq!((gone.code(), reason(&gone)), (never.code(), reason(&never)));
    assert!(incident(&fien).await.audience_endings.iter().all(|of| of.archive.is_none()));
    let dropped = (INVESTIGATION.to_owned(), 3, true);
    assert!(endings(&paul).await.contains(&dropped));
    let again = archive(&admin, INVESTIGATION).await.unwrap_err();
    assert_eq!(reason(&again), "INCIDENT_ARCHIVED");

    // So it is after a restart.
    assert!(node.stop().success());
    let node = home.start().await;
    let paul = Person::with(&node, &paul.token).await;
    assert_eq!(paul.titles().await, ["beds are free", "the boat is here"]);
    assert!(endings(&paul).await.contains(&dropped));
    let admin = Person::with(&node, &admin.token).await;
    let (_, summary) = archive(&admin, "").await.unwrap();
    assert_eq!(summary.audiences_left, [RESPONDERS]);
}
