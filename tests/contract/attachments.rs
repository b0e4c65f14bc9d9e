//! Photos and documents: resumable, checked, kept once, erased when nothing cites them.

use bytes::Bytes;
use polder::{attachments::Attachments, node::NodeOptions};
use polder_wire::v1::*;
use sha2::{Digest as _, Sha256};
use tonic::{Code, Status};

use crate::harness::*;

fn file(size: usize, seed: u8) -> (Bytes, String) {
    let data: Vec<u8> =
        (0..size).map(|at| (at / 251) as u8 ^ (at as u8).wrapping_mul(seed)).collect();
    let name = format!("attachments/{}", hex::encode(Sha256::digest(&data)));
    (data.into(), name)
}

async fn start(node: &Running, name: &str, media_type: &str, size: usize) -> Result<i64, Status> {
    let attachment = Attachment {
        name: name.into(),
        media_type: media_type.into(),
        size_bytes: size as i64,
        ..Default::default()
    };
    let request = StartUploadRequest { attachment: Some(attachment) };
    Ok(node.attachments().start_upload(request).await?.into_inner().offset)
}

async fn chunk(
    node: &Running,
    name: &str,
    offset: usize,
    data: Bytes,
) -> Result<UploadChunkResponse, Status> {
    let request = UploadChunkRequest { name: name.into(), offset: offset as i64, data };
    Ok(node.attachments().upload_chunk(request).await?.into_inner())
}

async fn upload(node: &Running, data: &Bytes, name: &str) -> Attachment {
    let mut offset = start(node, name, "image/jpeg", data.len()).await.unwrap() as usize;
    loop {
        let end = data.len().min(offset + 300_000);
        let response = chunk(node, name, offset, data.slice(offset..end)).await.unwrap();
        offset = response.offset as usize;
        if let Some(attachment) = response.attachment {
            return attachment;
        }
    }
}

async fn download(node: &Running, name: &str, offset: i64) -> Result<Vec<u8>, Status> {
    let request = DownloadRequest { name: name.into(), offset };
    let mut stream = node.attachments().download(request).await?.into_inner();
    let mut data = Vec::new();
    while let Some(message) = stream.message().await? {
        assert_eq!(message.offset, offset + data.len() as i64);
        assert!(message.data.len() <= 64 * 1024);
        data.extend_from_slice(&message.data);
    }
    Ok(data)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_after_kill_9_from_where_it_was() {
    let home = Home::new();
    let mut node = home.start().await;
    let (data, name) = file(1_000_000, 3);
    assert_eq!(start(&node, &name, "image/jpeg", data.len()).await.unwrap(), 0);
    let response = chunk(&node, &name, 0, data.slice(..400_000)).await.unwrap();
    assert_eq!((response.offset, response.attachment), (400_000, None));
    let request = GetAttachmentRequest { name: name.clone() };
    let refused = node.attachments().get_attachment(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound, "half an attachment is none");
    node.kill();
    let mut node = home.start().await;
    assert_eq!(start(&node, &name, "image/jpeg", data.len()).await.unwrap(), 400_000);
    let stored = upload(&node, &data, &name).await;
    assert_eq!((stored.name.as_str(), stored.size_bytes), (name.as_str(), 1_000_000));
    assert_eq!(stored.media_type, "image/jpeg");
    node.kill();
    let node = home.start().await;
    // Stored already: nothing to send, and kept once.
    assert_eq!(start(&node, &name, "image/jpeg", data.len()).await.unwrap(), 1_000_000);
    assert_eq!(download(&node, &name, 0).await.unwrap(), data);
    assert_eq!(download(&node, &name, 999_000).await.unwrap(), data[999_000..]);
    assert!(download(&node, &name, 1_000_000).await.unwrap().is_empty());
    for offset in [-1, 1_000_001] {
        let refused = download(&node, &name, offset).await.unwrap_err();
        assert_eq!(wrong_fields(&refused), ["offset"]);
    }
    assert_eq!(node.status().await.store.unwrap().attachment_bytes, 1_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_was_cut_off_after_its_last_byte_is_completed() {
    let home = Home::new();
    let (data, name) = file(10_000, 5);
    // What is on disk when the node dies between the last byte and the end of the upload.
    let dir = home.data().join("attachments");
    std::fs::create_dir_all(&dir).unwrap();
    let stem = name.trim_start_matches("attachments/");
    std::fs::write(dir.join(format!("{stem}.bytes")), &data).unwrap();
    std::fs::write(dir.join(format!("{stem}.part")), "10000 image/jpeg\n").unwrap();
    let node = home.start().await;
    let offset = start(&node, &name, "image/jpeg", data.len()).await.unwrap();
    if offset < 10_000 {
        upload(&node, &data, &name).await;
    }
    assert_eq!(download(&node, &name, 0).await.expect("the node said it is stored"), data);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_its_name_size_type_or_offset_is_refused() {
    let home = Home::new();
    let node = home.start_with("[attachments]\nbytes_max = 2000000\n").await;
    let (data, name) = file(1000, 7);
    let refused = start(&node, &name, "application/x-msdownload", 1000).await.unwrap_err();
    assert_eq!(reason(&refused), "MEDIA_TYPE_NOT_ALLOWED");
    for size in [0, 2_000_001, usize::MAX] {
        let refused = start(&node, &name, "image/jpeg", size).await.unwrap_err();
        assert_eq!(wrong_fields(&refused), ["attachment.size_bytes"]);
    }
    for wrong in ["attachments/12", &name.to_uppercase(), &name[12..], "attachments/../../x"] {
        let refused = start(&node, wrong, "image/jpeg", 1000).await.unwrap_err();
        assert_eq!(wrong_fields(&refused), ["attachment.name"]);
    }
    let refused = chunk(&node, &name, 0, data.clone()).await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::NotFound, "UPLOAD_NOT_FOUND"));
    start(&node, &name, "image/jpeg", 1000).await.unwrap();
    let refused = chunk(&node, &name, 10, data.slice(10..)).await.unwrap_err();
    assert_eq!(reason(&refused), "OFFSET_UNEXPECTED");
    let refused = chunk(&node, &name, 0, Bytes::new()).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["data"]);
    let refused = chunk(&node, &name, 0, vec![0; 512 * 1024 + 1].into()).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["data"]);
    let refused = chunk(&node, &name, 0, vec![0; 1001].into()).await.unwrap_err();
    assert_eq!(reason(&refused), "TOO_LARGE");
    let refused = chunk(&node, &name, 0, vec![0; 1000].into()).await.unwrap_err();
    assert_eq!(reason(&refused), "HASH_MISMATCH");
    // And after all that the right bytes are still welcome.
    upload(&node, &data, &name).await;
    assert_eq!(download(&node, &name, 0).await.unwrap(), data);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_uploads_of_the_same_file_at_once_end_in_one() {
    let home = Home::new();
    let node = home.start().await;
    for round in 0..6 {
        let (data, name) = file(20_000, 11 + round);
        let one = async || {
            // Whoever comes second goes on where the first is; offsets that passed are refused.
            for _ in 0..200 {
                let mut offset =
                    start(&node, &name, "image/png", data.len()).await.unwrap() as usize;
                while offset < data.len() {
                    let end = data.len().min(offset + 1000);
                    match chunk(&node, &name, offset, data.slice(offset..end)).await {
                        Ok(response) => offset = response.offset as usize,
                        Err(_) => break,
                    }
                }
                if offset == data.len() {
                    return;
                }
            }
            panic!("never done");
        };
        let all = futures::future::join_all((0..8).map(|_| one()));
        tokio::time::timeout(std::time::Duration::from_secs(30), all).await.expect("stuck");
        assert_eq!(download(&node, &name, 0).await.unwrap(), data);
    }
    let files = std::fs::read_dir(home.data().join("attachments")).unwrap().count();
    assert_eq!(files, 12, "bytes and meta of six files");
}

#[tokio::test(flavor = "multi_thread")]
async fn citations_of_current_versions_are_counted() {
    let home = Home::new();
    let mut node = home.start().await;
    node.open("flood").await;
    let (data, name) = file(1000, 13);
    upload(&node, &data, &name).await;
    let count = async |node: &Running| {
        let request = GetAttachmentRequest { name: name.clone() };
        let response = node.attachments().get_attachment(request).await.unwrap().into_inner();
        response.attachment.unwrap().citation_count
    };
    assert_eq!(count(&node).await, 0);
    let reference = AttachmentReference { attachment: name.clone(), ..Default::default() };
    let citing =
        |title| Entry { attachments: vec![reference.clone()], ..observation("flood", title) };
    let (one, two) = (citing("one"), citing("two"));
    node.put(&one).await;
    node.put(&two).await;
    assert_eq!(count(&node).await, 2);
    node.put(&Entry { attachments: vec![], ..one }).await;
    assert_eq!(count(&node).await, 1);
    node.kill();
    let node = home.start().await;
    assert_eq!(count(&node).await, 1);
    node.retract(&two.name, "x").await.unwrap();
    assert_eq!(count(&node).await, 0);
}

#[test]
fn what_nothing_cites_longer_than_the_grace_time_is_erased_and_what_is_cited_stays() {
    // Through the library: the node looks once a minute, too long to wait for here.
    let dir = tempfile::tempdir().unwrap();
    let options = NodeOptions {
        attachment_grace: std::time::Duration::from_secs(60),
        ..NodeOptions::default()
    };
    let attachments = Attachments::open(dir.path(), &options).unwrap();
    let put = |seed| {
        let (data, _) = file(100, seed);
        let sha256: [u8; 32] = Sha256::digest(&data).into();
        attachments.start(sha256, "image/png", 100).unwrap();
        attachments.append(sha256, 0, &data, 0).unwrap();
        sha256
    };
    let (cited, uncited, again) = (put(1), put(2), put(3));
    let by = |all: &[[u8; 32]]| all.iter().map(|sha256| (*sha256, 1)).collect();
    let hour = 3_600_000;
    // The grace begins when it is first seen uncited.
    assert_eq!(attachments.erase_uncited(&by(&[cited]), hour).unwrap(), 0);
    assert_eq!(attachments.erase_uncited(&by(&[cited, again]), hour + 59_000).unwrap(), 0);
    assert_eq!(attachments.erase_uncited(&by(&[cited]), hour + 61_000).unwrap(), 1);
    assert!(attachments.get(&uncited).is_none(), "uncited for longer than the grace");
    assert!(attachments.get(&again).is_some(), "cited meanwhile: its grace begins anew");
    assert!(attachments.get(&cited).is_some());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_erases_what_nothing_cites_by_itself() {
    let home = Home::new();
    let node = home.start_with("[attachments]\ngrace = \"2s\"\n").await;
    node.open("flood").await;
    let ((gone, gone_name), (kept, kept_name)) = (file(1000, 17), file(1000, 19));
    upload(&node, &gone, &gone_name).await;
    upload(&node, &kept, &kept_name).await;
    let reference = AttachmentReference { attachment: kept_name.clone(), ..Default::default() };
    node.put(&Entry { attachments: vec![reference], ..observation("flood", "x") }).await;
    // It looks every half second; a machine under load may take longer.
    let mut looks = 0;
    while download(&node, &gone_name, 0).await.is_ok() {
        looks += 1;
        assert!(looks < 300, "what nothing cites is still there");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(download(&node, &gone_name, 0).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(download(&node, &kept_name, 0).await.unwrap(), kept);
}
