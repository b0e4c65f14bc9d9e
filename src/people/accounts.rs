//! Accounts of this node: a file of which only the owner can read, written whole at each change.
//! It holds hashes; what people type is nowhere.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::store::directory::{DirectoryError, write_durably};

/// Accounts and guests of a node.
pub const ACCOUNTS_MAX: usize = 10_000;
/// Grants of one account.
pub const GRANTS_MAX: usize = 64;
/// People of identity providers whose sign-out is kept apart.
const SIGNED_OUT_MAX: usize = 10_000;
/// A sign-in is noted when the last one is longer ago than this: each note writes the file.
const NOTE_EVERY_MS: i64 = 60_000;

/// What somebody may do for a party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// Number of the role in the contract.
    pub role: i32,
    /// By id.
    pub party: String,
    /// By id; `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// By id; `None`: all of the party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audiences: Option<Vec<String>>,
    /// Milliseconds since 1970; `None`: no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_ms: Option<i64>,
}

/// Somebody who signs in here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// As it is shown.
    pub display_name: String,
    /// What it may do, where no charter says so, and for guests.
    #[serde(default)]
    pub grants: Vec<Granted>,
    /// May not sign in.
    #[serde(default)]
    pub disabled: bool,
    /// It was invited.
    #[serde(default)]
    pub guest: bool,
    /// Counts up whenever sessions that were given before shall end.
    #[serde(default)]
    pub generation: u64,
    /// Argon2id of the passphrase, in PHC form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passphrase: Option<String>,
    /// BLAKE3 of the invitation, in hex. It is random, so no slow hash is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<String>,
    /// When it was made.
    pub create_ms: i64,
    /// Who made it.
    #[serde(default)]
    pub created_by: String,
    /// When it was last signed in with, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in_ms: Option<i64>,
}

impl Account {
    /// It may sign in: not disabled and, for guests, not past their time.
    pub fn is_usable(&self, now_ms: i64) -> bool {
        let ended = |grant: &Granted| grant.expire_ms.is_some_and(|end| end <= now_ms);
        !(self.disabled || self.guest && self.grants.iter().all(ended))
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct File {
    format: u32,
    accounts: BTreeMap<String, Account>,
    /// Sessions by identity providers that end: those of a person that were begun up to a time.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    signed_out: BTreeMap<String, i64>,
    /// The same for everybody: what is no longer kept of single people.
    #[serde(default)]
    signed_out_ms: i64,
}

const FORMAT: u32 = 1;

/// All accounts, as they are on disk.
#[derive(Debug)]
pub struct Accounts {
    path: PathBuf,
    file: File,
}

/// Why accounts cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// Reading failed.
    #[error("{path}: {error}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file is not one of ours.
    #[error("{path} is no list of accounts: {problem}")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// Writing failed.
    #[error(transparent)]
    Write(#[from] DirectoryError),
}

impl Accounts {
    /// Reads the accounts of a data directory; none when there is no file.
    pub fn open(data: &Path) -> Result<Self, AccountsError> {
        let path = data.join("people").join("accounts.json");
        let file = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice::<File>(&bytes).map_err(|error| error.to_string()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(File { format: FORMAT, ..File::default() })
            }
            Err(error) => return Err(AccountsError::Read { path, error }),
        };
        match file {
            Ok(file) if file.format == FORMAT => Ok(Self { path, file }),
            Ok(file) => {
                let problem = format!("it has format {}, this program reads {FORMAT}", file.format);
                Err(AccountsError::Malformed { path, problem })
            }
            Err(problem) => Err(AccountsError::Malformed { path, problem }),
        }
    }

    /// An account by its name, which is lower case.
    pub fn get(&self, name: &str) -> Option<&Account> {
        self.file.accounts.get(name)
    }

    /// All, by name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Account)> {
        self.file.accounts.iter().map(|(name, account)| (&name[..], account))
    }

    /// Nobody but guests signs in here.
    pub fn is_for_guests_only(&self) -> bool {
        self.file.accounts.values().all(|account| account.guest)
    }

    /// How many there are, guests too.
    pub fn count(&self) -> usize {
        self.file.accounts.len()
    }

    /// Makes or changes an account. What cannot be written did not happen.
    pub fn set(&mut self, name: &str, account: Account) -> Result<(), AccountsError> {
        let before = self.file.accounts.insert(name.to_owned(), account);
        self.write().inspect_err(|_| match before {
            Some(before) => drop(self.file.accounts.insert(name.to_owned(), before)),
            None => drop(self.file.accounts.remove(name)),
        })
    }

    /// Removes an account; false when there is none.
    pub fn remove(&mut self, name: &str) -> Result<bool, AccountsError> {
        let Some(before) = self.file.accounts.remove(name) else { return Ok(false) };
        self.write().inspect_err(|_| drop(self.file.accounts.insert(name.to_owned(), before)))?;
        Ok(true)
    }

    /// Notes that somebody signed in.
    pub fn note_sign_in(&mut self, name: &str, now_ms: i64) -> Result<(), AccountsError> {
        let Some(account) = self.file.accounts.get_mut(name) else { return Ok(()) };
        let noted = account.sign_in_ms.replace(now_ms);
        if noted.is_some_and(|noted| now_ms - noted < NOTE_EVERY_MS) {
            account.sign_in_ms = noted;
            return Ok(());
        }
        self.write()
    }

    /// Up to when sessions by an identity provider are over for a person.
    pub fn signed_out_ms(&self, name: &str) -> i64 {
        let own = self.file.signed_out.get(name).copied().unwrap_or_default();
        own.max(self.file.signed_out_ms)
    }

    /// Ends the sessions by an identity provider that a person has. Those of longer ago than
    /// `kept_ms` have ended by themselves.
    pub fn sign_out(&mut self, name: &str, now_ms: i64, kept_ms: i64) -> Result<(), AccountsError> {
        let (before, before_ms) = (self.file.signed_out.clone(), self.file.signed_out_ms);
        let rows = &mut self.file.signed_out;
        rows.insert(name.to_owned(), now_ms);
        rows.retain(|_, at| now_ms - *at < kept_ms);
        if rows.len() > SIGNED_OUT_MAX {
            // At the bound the sessions of all end that began before the oldest half: fail closed.
            let mut times: Vec<_> = rows.values().copied().collect();
            times.sort_unstable();
            let middle = times[times.len() / 2];
            rows.retain(|_, at| *at > middle);
            self.file.signed_out_ms = middle.max(before_ms);
        }
        self.write().inspect_err(|_| {
            (self.file.signed_out, self.file.signed_out_ms) = (before, before_ms);
        })
    }

    fn write(&self) -> Result<(), AccountsError> {
        if let Some(folder) = self.path.parent() {
            use std::os::unix::fs::DirBuilderExt as _;
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| AccountsError::Read { path: folder.to_owned(), error })?;
        }
        let bytes = serde_json::to_vec_pretty(&self.file).expect("maps with text as keys");
        Ok(write_durably(&self.path, &bytes, 0o600)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(guest: bool, expire_ms: Option<i64>) -> Account {
        let grant =
            Granted { role: 1, party: "p".into(), incident: None, audiences: None, expire_ms };
        Account {
            display_name: "Anna".into(),
            grants: vec![grant],
            disabled: false,
            guest,
            generation: 0,
            passphrase: None,
            invitation: None,
            create_ms: 1,
            created_by: String::new(),
            sign_in_ms: None,
        }
    }

    #[test]
    fn accounts_are_on_disk_before_they_count_and_nobody_else_reads_them() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mut accounts = Accounts::open(folder.path()).unwrap();
        accounts.set("anna", account(false, None)).unwrap();
        accounts.note_sign_in("anna", 5_000).unwrap();
        let again = Accounts::open(folder.path()).unwrap();
        assert_eq!(again.get("anna"), accounts.get("anna"));
        let mode = fs::metadata(folder.path().join("people/accounts.json")).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
        assert!(accounts.remove("anna").unwrap());
        assert!(!accounts.remove("anna").unwrap());
        assert_eq!(Accounts::open(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_list_that_cannot_be_read_is_said_and_not_taken_for_empty() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("people")).unwrap();
        fs::write(folder.path().join("people/accounts.json"), "{").unwrap();
        assert!(matches!(Accounts::open(folder.path()), Err(AccountsError::Malformed { .. })));
    }

    #[test]
    fn who_signed_out_stays_out_and_a_flood_of_them_ends_more_sessions_and_not_fewer() {
        let folder = tempfile::tempdir().unwrap();
        let mut accounts = Accounts::open(folder.path()).unwrap();
        accounts.sign_out("anna@example.nl", 5_000, 100_000).unwrap();
        let mut accounts = Accounts::open(folder.path()).unwrap();
        assert_eq!(accounts.signed_out_ms("anna@example.nl"), 5_000);
        assert_eq!(accounts.signed_out_ms("ben@example.nl"), 0);
        for number in 0..SIGNED_OUT_MAX as i64 {
            accounts.file.signed_out.insert(number.to_string(), 6_000 + number);
        }
        accounts.sign_out("ben@example.nl", 50_000, 100_000).unwrap();
        assert!(accounts.file.signed_out.len() <= SIGNED_OUT_MAX);
        assert!(accounts.signed_out_ms("anna@example.nl") >= 5_000);
        assert_eq!(accounts.signed_out_ms("ben@example.nl"), 50_000);
        for number in 0..SIGNED_OUT_MAX as i64 {
            assert!(accounts.signed_out_ms(&number.to_string()) >= 6_000 + number, "{number}");
        }
        accounts.sign_out("carla@example.nl", 200_000, 100_000).unwrap();
        assert_eq!(accounts.file.signed_out.len(), 1, "what ended by itself is not kept");
    }

    #[test]
    fn a_guest_ends_at_its_time_and_an_account_with_its_grants_does_not() {
        assert!(account(true, Some(10)).is_usable(9));
        assert!(!account(true, Some(10)).is_usable(10));
        assert!(account(false, Some(10)).is_usable(10));
    }
}
