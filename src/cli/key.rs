//! Keys of people who sign what a charter says: PKCS#8 files of which only the owner can read,
//! encrypted with a passphrase unless they chose otherwise.
//!
//! Beside each stands how often it signed, `{file}.last`: a number that is used twice counts
//! against the key for ever, so it is written before the signature leaves.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{IsTerminal as _, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail};
use ed25519_dalek::SigningKey;
use pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding, rand_core::OsRng};
use polder_picture::record::Signer;

use super::{
    Context, Misuse,
    args::{KeyArgs, SignArgs},
    say, say_json,
    words::Words,
};
use crate::store::directory::write_durably;

/// Others that may read a key file: none.
const NOT_THE_OWNER: u32 = 0o077;
/// Longest passphrase file that is read.
const PASSPHRASE_BYTES_MAX: u64 = 4_096;

/// `charter key`.
pub(super) fn make(context: &Context, args: &KeyArgs) -> anyhow::Result<u8> {
    let words = context.words;
    let path = args.file.display();
    let passphrase = match (&args.passphrase_file, args.no_passphrase) {
        (_, true) => None,
        (Some(file), _) => Some(passphrase_of(file)?),
        (None, _) => Some(chosen_passphrase(words)?),
    };
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|error| anyhow!("no random numbers: {error}"))?;
    let key = SigningKey::from_bytes(&secret);
    let pem = match passphrase {
        Some(passphrase) => key.to_pkcs8_encrypted_pem(OsRng, passphrase, LineEnding::LF)?,
        None => key.to_pkcs8_pem(LineEnding::LF)?,
    };
    let made = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&args.file);
    let mut file = made.with_context(|| format!("{path}"))?;
    file.write_all(pem.as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("{path}"))?;
    let signer = Signer::new(&secret);
    let public = hex::encode(signer.public().as_bytes());
    if context.common.json {
        let id = signer.id().to_string();
        say_json(&serde_json::json!({ "keyId": id, "publicKey": public, "file": args.file }))?;
    } else {
        say(&format!("{} {path}", words.key_written()))?;
        say(&format!("{}: {public}", words.public_key()))?;
        say(words.key_advice())?;
    }
    Ok(0)
}

pub(super) fn passphrase_of(file: &Path) -> anyhow::Result<String> {
    let told = || format!("{}", file.display());
    let mut text = String::new();
    let opened = File::open(file).with_context(told)?;
    opened.take(PASSPHRASE_BYTES_MAX).read_to_string(&mut text).with_context(told)?;
    let passphrase = text.lines().next().unwrap_or_default();
    if passphrase.is_empty() {
        return Err(anyhow!("{} holds no passphrase", file.display()).context(Misuse));
    }
    Ok(passphrase.to_owned())
}

pub(super) fn asked(question: &str) -> anyhow::Result<String> {
    if !std::io::stdin().is_terminal() {
        let told = "there is no terminal to ask for a passphrase on: say --passphrase-file";
        return Err(anyhow!(told).context(Misuse));
    }
    Ok(rpassword::prompt_password(format!("{question}: "))?)
}

pub(super) fn chosen_passphrase(words: Words) -> anyhow::Result<String> {
    let first = asked(words.passphrase())?;
    if first.is_empty() {
        return Err(anyhow!("{}", words.passphrase_empty()).context(Misuse));
    }
    if asked(words.passphrase_again())? != first {
        return Err(anyhow!("{}", words.passphrase_differs()).context(Misuse));
    }
    Ok(first)
}

/// A key that no other command signs with meanwhile.
pub(super) struct Held {
    /// The key.
    pub(super) signer: Signer,
    count: PathBuf,
    lock: File,
}

/// Opens the key that the flags name.
pub(super) fn open(args: &SignArgs, words: Words) -> anyhow::Result<Held> {
    let path = args.key.display();
    let mut file = File::open(&args.key).with_context(|| format!("{path}")).context(Misuse)?;
    let mode = file.metadata()?.permissions().mode();
    if mode & NOT_THE_OWNER != 0 {
        let told = format!("{path}: {} (chmod 600 {path})", words.key_readable());
        return Err(anyhow!(told).context(Misuse));
    }
    file.lock().with_context(|| format!("{path}"))?;
    let mut pem = String::new();
    (&mut file).take(64 * 1024).read_to_string(&mut pem).with_context(|| format!("{path}"))?;
    let key = if pem.contains("ENCRYPTED PRIVATE KEY") {
        let passphrase = match &args.passphrase_file {
            Some(file) => passphrase_of(file)?,
            None => asked(words.passphrase())?,
        };
        SigningKey::from_pkcs8_encrypted_pem(&pem, passphrase)
            .map_err(|_| anyhow!("{path}: {}", words.passphrase_wrong()))
    } else {
        SigningKey::from_pkcs8_pem(&pem).map_err(|_| anyhow!("{path}: {}", words.no_key()))
    };
    let signer = Signer::new(&key.context(Misuse)?.to_bytes());
    let mut count = OsString::from(&args.key);
    count.push(".last");
    Ok(Held { signer, count: count.into(), lock: file })
}

impl Held {
    /// Lets other commands sign with it until it is needed again.
    pub(super) fn let_go(&self) -> anyhow::Result<()> {
        Ok(self.lock.unlock()?)
    }

    /// Takes it back.
    pub(super) fn take_again(&self) -> anyhow::Result<()> {
        Ok(self.lock.lock()?)
    }

    /// The number for the next signature: above those that the charter knows of and those that
    /// this file gave. It is used from here on, whatever becomes of the signature.
    pub(super) fn next(&self, known: u64) -> anyhow::Result<u64> {
        let path = self.count.display();
        let given = match fs::read_to_string(&self.count) {
            Ok(text) => match text.trim().parse::<u64>() {
                Ok(given) => given,
                Err(_) => bail!("{path} holds no number: the last signature of the key is unknown"),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error).with_context(|| format!("{path}")),
        };
        let next = known.max(given + 1);
        write_durably(&self.count, format!("{next}\n").as_bytes(), 0o600)?;
        Ok(next)
    }
}
