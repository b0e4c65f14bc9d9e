//! From what went wrong inside to what a caller is told: one table.

use std::collections::HashMap;

use bytes::Bytes;
use polder_picture::refusal::{Class, Refusal};
use polder_wire::google::rpc;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

use crate::{
    archive::DropError,
    attachments::AttachmentError,
    bundle::{export::PlanError, import::ImportError},
    publish::PublishError,
    store::engine::EngineError,
    subscribe::SubscribeError,
};

/// Domain of all reasons.
pub const DOMAIN: &str = "polder";

fn code(class: Class) -> Code {
    match class {
        Class::InvalidArgument => Code::InvalidArgument,
        Class::FailedPrecondition => Code::FailedPrecondition,
        Class::NotFound => Code::NotFound,
        Class::AlreadyExists => Code::AlreadyExists,
        Class::Aborted => Code::Aborted,
        Class::ResourceExhausted => Code::ResourceExhausted,
        Class::OutOfRange => Code::OutOfRange,
        Class::Unauthenticated => Code::Unauthenticated,
        Class::PermissionDenied => Code::PermissionDenied,
    }
}

/// A refusal as a call's status, with `ErrorInfo` and, for wrong fields, `BadRequest`.
pub fn refused(refusal: &Refusal) -> Status {
    let mut details = ErrorDetails::with_error_info(refusal.reason, DOMAIN, HashMap::new());
    if !refusal.fields.is_empty() {
        let violation = |field: &polder_picture::refusal::Violation| {
            FieldViolation::new(
                field.field.as_str(),
                format!("{}: {}", field.reason, field.sentence),
            )
        };
        details.set_bad_request(refusal.fields.iter().map(violation).collect::<Vec<_>>());
    }
    Status::with_error_details(code(refusal.class), refusal.sentence.clone(), details)
}

/// A refusal as the outcome of one item.
pub fn rpc_status(refusal: &Refusal) -> rpc::Status {
    use prost::Message as _;
    let status = refused(refusal);
    // tonic carries the encoded google.rpc.Status in the details.
    rpc::Status::decode(Bytes::copy_from_slice(status.details())).unwrap_or_else(|_| rpc::Status {
        code: code(refusal.class) as i32,
        message: refusal.sentence.clone(),
        details: Vec::new(),
    })
}

fn failed(code: Code, reason: &str, sentence: String) -> Status {
    let details = ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new());
    Status::with_error_details(code, sentence, details)
}

impl From<PublishError> for Refused {
    fn from(error: PublishError) -> Self {
        Self(match error {
            PublishError::Refused(refusal) => refused(&refusal),
            PublishError::Failed(problem) => failed(Code::Internal, "STORE_FAILED", problem),
            PublishError::Stopping => {
                failed(Code::Unavailable, "SHUTTING_DOWN", "the node is shutting down".into())
            }
        })
    }
}

impl From<EngineError> for Refused {
    fn from(error: EngineError) -> Self {
        let code = match error {
            EngineError::Damaged(_) => Code::DataLoss,
            _ => Code::Internal,
        };
        Self(failed(code, "STORE_FAILED", error.to_string()))
    }
}

impl From<SubscribeError> for Refused {
    fn from(error: SubscribeError) -> Self {
        match error {
            SubscribeError::Refused(refusal) => refusal.into(),
            SubscribeError::Store(error) => error.into(),
        }
    }
}

impl From<AttachmentError> for Refused {
    fn from(error: AttachmentError) -> Self {
        match error {
            AttachmentError::Refused(refusal) => refusal.into(),
            AttachmentError::Io(error) if error.kind() == std::io::ErrorKind::StorageFull => {
                let sentence = "the disk of this node is full".to_owned();
                Self(failed(Code::ResourceExhausted, "DISK_FULL", sentence))
            }
            AttachmentError::Io(error) => {
                Self(failed(Code::Internal, "ATTACHMENT_FILE", error.to_string()))
            }
        }
    }
}

impl From<PlanError> for Refused {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Refused(refusal) => refusal.into(),
            PlanError::Store(error) => error.into(),
        }
    }
}

impl From<ImportError> for Refused {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Refused(refusal) => refusal.into(),
            ImportError::Publish(error) => error.into(),
            ImportError::Attachment(error) => error.into(),
            ImportError::Worker(error) => Self(internal(&error.into())),
        }
    }
}

impl From<DropError> for Refused {
    fn from(error: DropError) -> Self {
        match error {
            DropError::Refused(refusal) => refusal.into(),
            DropError::Store(error) => error.into(),
            DropError::Busy | DropError::Gone => Self(internal(&error.into())),
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(refused(&refusal))
    }
}

/// A status made from one of our errors; lets handlers use `?` for all of them.
#[derive(Debug)]
pub struct Refused(pub Status);

impl From<Refused> for Status {
    fn from(refused: Refused) -> Self {
        refused.0
    }
}

/// A call that took longer than it may.
pub fn deadline_exceeded() -> Status {
    let sentence = "the call took longer than its deadline; what it wrote may still be stored";
    failed(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", sentence.to_owned())
}

/// Any other failure inside.
pub fn internal(error: &anyhow::Error) -> Status {
    failed(Code::Internal, "INTERNAL", format!("{error:#}"))
}
