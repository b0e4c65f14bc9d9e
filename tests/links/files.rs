//! Photos and documents over links: last of all, and from any byte on.

use std::time::{Duration, Instant};

use polder::slow_line::{Quality, SlowLine, State};
use polder_wire::v1::{
    Attachment, AttachmentReference, DownloadRequest, StartUploadRequest, UploadChunkRequest,
};
use sha2::{Digest as _, Sha256};

use crate::{
    harness::*,
    region::{FAST, become_one, dialling},
};

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn attachments_follow_their_entries_over_relays_and_go_on_where_they_were_cut() {
    let homes = [Home::new(), Home::new(), Home::new()];
    let a = homes[0].start().await;
    // Slow enough to be cut in the middle.
    let slow = Quality { bytes_per_second: Some(300_000), delay: Duration::from_millis(5) };
    let to_a = SlowLine::open(a.listen, slow).await.unwrap();
    let b = dialling(&homes[1], &[&to_a]).await;
    let to_b = SlowLine::open(b.listen, FAST).await.unwrap();
    let c = dialling(&homes[2], &[&to_b]).await;
    a.open("flood").await;
    let photo: Vec<u8> = (0..900_000_u32).flat_map(|at| at.to_le_bytes()).take(900_000).collect();
    let name = upload(&a, &photo).await;
    let uncited = upload(&a, b"nobody cites this").await;
    let mut entry = observation("flood", "with a photo");
    let reference = AttachmentReference { attachment: name.clone(), ..Default::default() };
    entry.attachments.push(reference);
    a.put(&entry).await;
    become_one(&[&a, &b, &c], 1, PATIENCE).await;
    let before = to_a.carried().1;
    let until = Instant::now() + PATIENCE;
    while to_a.carried().1 < before + 300_000 {
        assert!(Instant::now() < until, "the photo does not set out");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    to_a.set(State::Cut);
    assert!(download(&b, &name).await.is_none(), "it was cut in the middle");
    to_a.set(State::Open);
    let until = Instant::now() + PATIENCE;
    while download(&c, &name).await.as_deref() != Some(&photo[..]) {
        assert!(Instant::now() < until, "the photo does not arrive");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(download(&b, &name).await.unwrap(), photo);
    assert!(download(&b, &uncited).await.is_none(), "what nothing cites stays where it is");
    assert!(to_a.carried().1 < before + 1_300_000, "it went on where it was cut");
}

async fn upload(node: &Running, data: &[u8]) -> String {
    let name = format!("attachments/{}", hex::encode(Sha256::digest(data)));
    let attachment = Attachment {
        name: name.clone(),
        media_type: "image/jpeg".into(),
        size_bytes: data.len() as i64,
        ..Default::default()
    };
    let request = StartUploadRequest { attachment: Some(attachment) };
    node.attachments().start_upload(request).await.unwrap();
    for (at, chunk) in data.chunks(400_000).enumerate() {
        let request = UploadChunkRequest {
            name: name.clone(),
            offset: at as i64 * 400_000,
            data: chunk.to_vec().into(),
        };
        node.attachments().upload_chunk(request).await.unwrap();
    }
    name
}

async fn download(node: &Running, name: &str) -> Option<Vec<u8>> {
    let request = DownloadRequest { name: name.to_owned(), offset: 0 };
    let mut stream = node.attachments().download(request).await.ok()?.into_inner();
    let mut data = Vec::new();
    while let Some(message) = stream.message().await.ok()? {
        data.extend_from_slice(&message.data);
    }
    Some(data)
}
