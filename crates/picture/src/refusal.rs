//! What is said to a caller whose input cannot be accepted.

/// Why something was refused: a stable reason for programs, a path and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Refusal {
    /// Class of the refusal; decides the status code of a call.
    pub class: Class,
    /// Stable, `UPPER_SNAKE`; clients may depend on it.
    pub reason: &'static str,
    /// One English sentence that says what is wrong and what would be right.
    pub sentence: String,
    /// Fields that are wrong, each with its path from the request down. Empty when no field is to blame.
    pub fields: Vec<Violation>,
}

/// One wrong field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path such as `items[3].entry.geometry.polygon.rings[0].points[2].latitude`.
    pub field: String,
    /// Stable, `UPPER_SNAKE`.
    pub reason: &'static str,
    /// One English sentence.
    pub sentence: String,
}

/// Class of a refusal, in the words of the gRPC codes that it becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The request can never be right as it is.
    InvalidArgument,
    /// The state of the node or incident does not allow it.
    FailedPrecondition,
    /// Not there, or not to be seen.
    NotFound,
    /// The id is taken.
    AlreadyExists,
    /// Somebody else was first; read again and retry.
    Aborted,
    /// A bound was reached.
    ResourceExhausted,
    /// The token points before what is still held.
    OutOfRange,
    /// Nobody knows who the caller is.
    Unauthenticated,
    /// The caller is known, and may not do this.
    PermissionDenied,
}

impl Refusal {
    /// A refusal without a field.
    pub fn new(class: Class, reason: &'static str, sentence: impl Into<String>) -> Self {
        Self { class, reason, sentence: sentence.into(), fields: Vec::new() }
    }

    /// A refusal for one wrong field of the request.
    pub fn field(
        field: impl Into<String>,
        reason: &'static str,
        sentence: impl Into<String>,
    ) -> Self {
        let violation = Violation { field: field.into(), reason, sentence: sentence.into() };
        Self::violations(vec![violation]).expect("one violation was given")
    }

    /// The same for a message that stands within another, under `path`.
    pub fn within(mut self, path: &str) -> Self {
        for violation in &mut self.fields {
            violation.field = format!("{path}.{}", violation.field);
        }
        Self::violations(std::mem::take(&mut self.fields)).unwrap_or(self)
    }

    /// A refusal that lists every wrong field, or nothing when there is none.
    pub fn violations(fields: Vec<Violation>) -> Option<Self> {
        let first = fields.first()?;
        let more = match fields.len() {
            1 => String::new(),
            n => format!(" ({} more)", n - 1),
        };
        Some(Self {
            class: Class::InvalidArgument,
            reason: first.reason,
            sentence: format!("{}: {}{more}", first.field, first.sentence),
            fields,
        })
    }
}
