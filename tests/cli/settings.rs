//! The configuration file, the environment and the command line.

use std::fs;

use serde_json::Value;

use crate::harness::*;

#[test]
fn a_configuration_is_checked_whole_before_anything_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("polder.toml");
    let check = |text: &str| {
        fs::write(&file, text).unwrap();
        said(&run(&["check", "--lang", "en", "--json", "--config", file.to_str().unwrap()]))
    };
    let (code, told) = check(
        "data = \"/srv/polder\"\nlisten = \"127.0.0.1:7000\"\n[store]\nengine = \"sled\"\n\
         [attachments]\ngrace = \"2h\"\n",
    );
    assert_eq!(code, 0, "{told}");
    let shown: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&shown["data"], &shown["listen"]),
        (&"/srv/polder".into(), &"127.0.0.1:7000".into())
    );
    assert_eq!(
        (&shown["store"]["engine"], &shown["attachments"]["grace"]),
        (&"sled".into(), &"2h".into())
    );
    for (text, named) in [
        ("dta = \"x\"", "dta"),
        ("listen = \"nowhere\"", "listen"),
        ("admin = \"0.0.0.0:7421\"", "loopback"),
        ("[serve]\nlocal = \"0.0.0.0:7419\"", "loopback"),
        ("[tls]\ncertificate = \"x.pem\"", "go together"),
        ("[tls]\nrenew = \"1h\"\nrenw = \"1h\"", "renw"),
        ("[tls]\nrenew = \"30days\"", "tls.renew"),
        ("[[tls.client_ca]]\nfile = \"x.pem\"\nparty = \"No Party\"", "No Party"),
        ("[tls]\ncertificate = \"/nowhere.pem\"\nkey = \"/nowhere.key\"", "/nowhere.pem"),
        ("[[peers.dial]]\naddress = \"10.0.0.1:7420\"\ntls = false", "loopback"),
        ("[store]\nengine = \"paper\"", "paper"),
        ("[attachments]\nbytes_max = 0", "bytes_max"),
        ("[attachments]\ngrace = \"soon\"", "grace"),
        ("[disk]\nbulk_bytes = 1\nroutine_bytes = 2\nurgent_bytes = 3", "reserves"),
        ("lang = \"de\"", "lang"),
        ("not toml at all", "polder.toml"),
    ] {
        let (code, told) = check(text);
        assert!(code == 2 && told.contains(named), "{text}: {code} {told}");
    }
}

#[test]
fn a_flag_comes_before_the_environment_and_the_environment_before_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("polder.toml");
    fs::write(&file, "json = true\n[serve]\nlisten = \"127.0.0.1:7001\"\n").unwrap();
    let check = |args: &[&str], set: &[(&str, &str)]| {
        let mut command = polder();
        command.arg("check").args(args).args(["--config", file.to_str().unwrap()]);
        said(&command.envs(set.iter().copied()).output().unwrap())
    };
    let (code, told) = check(&[], &[]);
    let shown: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((code, &shown["listen"]), (0, &"127.0.0.1:7001".into()), "{told}");
    assert_eq!(shown["flags"]["serve.listen"], "127.0.0.1:7001");
    let (_, told) = check(&[], &[("POLDER_LISTEN", "127.0.0.1:7002")]);
    assert!(told.contains("127.0.0.1:7002"), "{told}");
    let (_, told) = check(&[], &[("POLDER_JSON", "false")]);
    assert!(told.starts_with("The configuration is sound."), "{told}");
    let (_, told) = check(&["--json"], &[("POLDER_JSON", "false")]);
    assert!(told.starts_with('{'), "{told}");
    fs::write(&file, "[list]\nurgancy = \"immediate\"\n").unwrap();
    let (code, told) = check(&[], &[]);
    assert!(code == 2 && told.contains("polder.toml: list.urgancy: "), "{code} {told}");
    assert_eq!(run(&["list", "--help", "--config", file.to_str().unwrap()]).status.code(), Some(0));
}
