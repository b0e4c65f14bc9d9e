//! Commands to a node over TLS.

use crate::{harness::*, world::*};

#[tokio::test(flavor = "multi_thread")]
async fn a_command_trusts_a_node_by_its_key_and_no_other() {
    let home = Home::new();
    let node = encrypted(&home, &[]).await;
    let (address, id) = (node.address(), id_of(&home).to_string());
    assert_eq!(said_line(&node, "Key id of this node: ").await, id);
    let shown = must(&["status", "--node", &address, "--node-key", &id, "--json"]);
    assert!(shown.contains("tester"), "{shown}");
    // With the scheme, from the environment, from the file.
    let with_scheme = format!("https://{address}");
    must(&["status", "--node", &with_scheme, "--node-key", &format!("nodes/{id}")]);
    let file = home.beside("polder.toml");
    std::fs::write(&file, format!("node = \"{address}\"\nnode_key = \"{id}\"\n")).unwrap();
    must(&["status", "--config", file.to_str().unwrap()]);
    let (code, told) = said(
        &polder()
            .arg("status")
            .env("POLDER_NODE", &address)
            .env("POLDER_NODE_KEY", &id)
            .output()
            .unwrap(),
    );
    assert_eq!(code, 0, "{told}");

    let other = "0123456789abcdef0123456789abcdef";
    let (code, told) = said(&run(&["status", "--node", &address, "--node-key", other]));
    assert!(code == 4 && told.contains("another node answers"), "{code} {told}");
    let (code, told) = said(&run(&["status", "--node", &address, "--node-key", "short"]));
    assert!(code == 2 && told.contains("32 hex digits"), "{code} {told}");
    let (code, told) = said(&run(&["status", "--node", &with_scheme]));
    assert!(code == 2 && told.contains("say whom to trust"), "{code} {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_private_key_stands_in_any_log_or_error() {
    let home = Home::new();
    let ca = crate::organisation::Ca::new("Rijks CA");
    let (chain, key) = ca.server(&home, &["polder.example"], 1);
    let file = home.beside("polder.toml");
    std::fs::write(
        &file,
        format!("[tls]\ncertificate = {chain:?}\nkey = {key:?}\nrenew = \"100ms\"\n"),
    )
    .unwrap();
    let text = std::fs::read_to_string(&key).unwrap();
    let node = encrypted(&home, &["--config", file.to_str().unwrap(), "--log", "trace"]).await;
    let id = id_of(&home).to_string();
    for _ in 0..5 {
        must(&["status", "--node", &node.address(), "--node-key", &id, "--log", "trace"]);
        let shown = sound(&polder_picture::record::Signer::new(&[9; 32]));
        assert!(verdict(node.listen, shown).await.is_some());
    }
    // The key where the certificate should stand, and a certificate where the key should.
    std::fs::copy(&key, &chain).unwrap();
    said_line(&node, "the old certificates stay in force").await;
    let swapped = said(&run(&[
        "status",
        "--node",
        &node.address(),
        "--ca",
        key.to_str().unwrap(),
        "--log",
        "trace",
    ]));
    assert_eq!(swapped.0, 2, "{}", swapped.1);
    let body: Vec<_> = text.lines().filter(|line| !line.starts_with('-')).collect();
    let secret = std::fs::read_to_string(home.data().join("identity/node.key")).unwrap();
    let told = node.stderr.lock().unwrap().clone() + &swapped.1;
    assert!(told.len() > 1_000);
    for line in body.iter().chain([&secret.trim()]) {
        assert!(!told.contains(line), "a private key is told");
    }
}
