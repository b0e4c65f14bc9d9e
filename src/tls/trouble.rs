//! What went wrong with a connection, so that a person can act on it.

use std::error::Error as StdError;

use jiff::Timestamp;
use polder_picture::language::Language;
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, pki_types::UnixTime};

/// What went wrong with a certificate or handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Their certificate is past its time, since.
    Expired(Option<String>),
    /// Their certificate begins later, at.
    NotValidYet(Option<String>),
    /// It is of a CA that is not trusted, or of none.
    WrongCa,
    /// It is for another host.
    WrongHost(Vec<String>),
    /// It is for another use.
    WrongUse,
    /// Another node answers, or one that is not known.
    UnknownNode,
    /// The charter cut the node off.
    CutOff,
    /// The certificate cannot be read or its signature does not hold.
    Unsound,
    /// The other side says this of our certificate.
    Refused(Refusal),
    /// The other side does not speak TLS.
    PlainText,
    /// The other side speaks nothing but TLS.
    SpeaksTls,
    /// The other side speaks another version of TLS.
    OtherVersion,
    /// Anything else, in words of the library.
    Other(String),
}

/// What the other side says of our certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is past its time, or begins later.
    Time,
    /// It does not know who certified it.
    Ca,
    /// It does not know this node.
    Unknown,
    /// Its charter cut this node off.
    CutOff,
    /// It does not like it for another reason.
    Unsound,
    /// It wants one.
    Missing,
}

fn when(time: &UnixTime) -> Option<String> {
    let at = Timestamp::from_second(time.as_secs().try_into().ok()?).ok()?;
    Some(at.to_string())
}

impl Trouble {
    /// Looks for the TLS error behind another one.
    pub fn behind(error: &(dyn StdError + 'static)) -> Option<Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(found) = error.downcast_ref::<Error>() {
                return Some(Self::of(found));
            }
            let io = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            if let Some(inner) = io {
                let inner: &(dyn StdError + 'static) = inner;
                return Self::behind(inner);
            }
            cause = error.source();
        }
        None
    }

    fn of(error: &Error) -> Self {
        use CertificateError as C;
        match error {
            Error::InvalidCertificate(error) => match error {
                C::Expired => Self::Expired(None),
                C::ExpiredContext { not_after, .. } => Self::Expired(when(not_after)),
                C::NotValidYet => Self::NotValidYet(None),
                C::NotValidYetContext { not_before, .. } => Self::NotValidYet(when(not_before)),
                C::UnknownIssuer => Self::WrongCa,
                C::NotValidForName => Self::UnknownNode,
                C::NotValidForNameContext { presented, .. } => Self::WrongHost(presented.clone()),
                C::InvalidPurpose | C::InvalidPurposeContext { .. } => Self::WrongUse,
                C::Revoked => Self::CutOff,
                C::ApplicationVerificationFailure => Self::UnknownNode,
                _ => Self::Unsound,
            },
            Error::AlertReceived(alert) => Self::told(*alert),
            Error::InvalidMessage(InvalidMessage::InvalidContentType) => Self::PlainText,
            Error::PeerIncompatible(_) => Self::OtherVersion,
            other => Self::Other(other.to_string()),
        }
    }

    fn told(alert: AlertDescription) -> Self {
        use AlertDescription as A;
        Self::Refused(match alert {
            A::ProtocolVersion => return Self::OtherVersion,
            A::CertificateExpired => Refusal::Time,
            A::UnknownCA => Refusal::Ca,
            A::AccessDenied => Refusal::Unknown,
            A::CertificateRevoked => Refusal::CutOff,
            A::CertificateRequired => Refusal::Missing,
            A::BadCertificate
            | A::UnsupportedCertificate
            | A::CertificateUnknown
            | A::DecryptError => Refusal::Unsound,
            other => return Self::Other(format!("the other side ended the handshake: {other:?}")),
        })
    }

    /// In words.
    pub fn sentence(&self, language: Language) -> String {
        let pick = |english: &'static str, dutch: &'static str| language.pick(english, dutch);
        let at = |time: &Option<String>| {
            time.as_ref().map(|time| format!(" ({time})")).unwrap_or_default()
        };
        let fixed = match self {
            Self::Expired(since) => {
                let told = pick(
                    "the certificate of the other side has expired, or a clock is wrong",
                    "het certificaat van de andere kant is verlopen, of een klok loopt verkeerd",
                );
                return format!("{told}{}", at(since));
            }
            Self::NotValidYet(from) => {
                let told = pick(
                    "the certificate of the other side is not valid yet, or a clock is wrong",
                    "het certificaat van de andere kant is nog niet geldig, of een klok loopt verkeerd",
                );
                return format!("{told}{}", at(from));
            }
            Self::WrongHost(names) => {
                let told = pick(
                    "the certificate of the other side is for another host",
                    "het certificaat van de andere kant is van een andere host",
                );
                return format!("{told}: {}", names.join(", "));
            }
            Self::Other(words) => return words.clone(),
            Self::Refused(refusal) => return refusal.sentence(language).to_owned(),
            Self::WrongCa => (
                "the certificate of the other side is not by a CA that is trusted here",
                "het certificaat van de andere kant is niet van een CA die hier vertrouwd wordt",
            ),
            Self::WrongUse => (
                "the certificate of the other side is meant for another use",
                "het certificaat van de andere kant is voor iets anders bedoeld",
            ),
            Self::UnknownNode => (
                "another node answers than the one expected, or one that neither the charter nor \
                 the configuration of this node names",
                "er antwoordt een ander knooppunt dan verwacht, of een dat het handvest noch de \
                 instellingen hier noemen",
            ),
            Self::CutOff => (
                "the charter cut the node off that answers",
                "het handvest heeft het knooppunt dat antwoordt afgesneden",
            ),
            Self::Unsound => (
                "the certificate of the other side does not hold",
                "het certificaat van de andere kant klopt niet",
            ),
            Self::PlainText => {
                ("the other side does not speak TLS there", "de andere kant spreekt daar geen TLS")
            }
            Self::SpeaksTls => (
                "the other side speaks TLS there: say whom to trust, with --node-key or --ca",
                "de andere kant spreekt daar TLS: zeg wie te vertrouwen is, met --node-key of --ca",
            ),
            Self::OtherVersion => {
                ("the other side does not speak TLS 1.3", "de andere kant spreekt geen TLS 1.3")
            }
        };
        pick(fixed.0, fixed.1).to_owned()
    }
}

impl Refusal {
    fn sentence(self, language: Language) -> &'static str {
        let (english, dutch) = match self {
            Self::Time => (
                "the other side says that the certificate shown to it has expired or is not valid \
                 yet: look at both clocks",
                "de andere kant zegt dat het getoonde certificaat verlopen of nog niet geldig is: \
                 kijk naar beide klokken",
            ),
            Self::Ca => (
                "the other side does not know the CA of the certificate shown to it",
                "de andere kant kent de CA van het getoonde certificaat niet",
            ),
            Self::Unknown => (
                "the other side does not know this node: neither its charter nor its \
                 configuration names it",
                "de andere kant kent dit knooppunt niet: het handvest noch de instellingen daar \
                 noemen het",
            ),
            Self::CutOff => (
                "the charter of the other side cut this node off",
                "het handvest van de andere kant heeft dit knooppunt afgesneden",
            ),
            Self::Unsound => (
                "the other side does not accept the certificate shown to it",
                "de andere kant aanvaardt het getoonde certificaat niet",
            ),
            Self::Missing => (
                "the other side wants a client certificate",
                "de andere kant wil een clientcertificaat",
            ),
        };
        language.pick(english, dutch)
    }
}

/// Of a certificate that was not accepted, in English, for the log.
pub(super) fn of_certificate(error: &Error) -> String {
    Trouble::of(error).sentence(Language::English)
}
