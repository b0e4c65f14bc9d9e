//! What of the picture somebody may see: whole scopes, or nothing of them.

/// The scopes that somebody may see, by their indices in one picture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Sight {
    /// All that is held.
    All,
    /// Those that are marked, and none that came to be known since.
    Of(Vec<bool>),
    /// Nothing.
    #[default]
    Nothing,
}

impl Sight {
    /// Whether a scope is seen.
    pub fn covers(&self, scope: u32) -> bool {
        match self {
            Self::All => true,
            Self::Of(seen) => seen.get(scope as usize).copied().unwrap_or_default(),
            Self::Nothing => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_marked_is_not_seen() {
        let sight = Sight::Of(vec![false, true]);
        assert_eq!([0, 1, 2].map(|scope| sight.covers(scope)), [false, true, false]);
        assert!(Sight::All.covers(7) && !Sight::default().covers(0));
    }
}
