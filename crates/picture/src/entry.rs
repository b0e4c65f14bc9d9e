//! Checks an entry against the rules in the comments of `geometry.proto`.

mod extent;
mod geometry;

pub use extent::{Extent, extent};
pub use geometry::check_geometry;
