//! What a crisis team works with: views that are derived from the entries, each a pure function of
//! the versions that are current, whatever the order in which they came.
//!
//! [`subject`] says when two entries speak of the same, [`claims`] what each kind claims,
//! [`said`] what is kept of a version, [`board`] keeps it as entries change, and [`contradictions`],
//! [`attention`] and [`handover`] answer from it. [`tally`] counts what is there, [`assistance`]
//! counts help, [`advice`] says which advice to the public still stands, [`forecast`] how forecasts
//! moved and what came true, [`scaling`] how the crisis organisation changed and
//! what time the law gives it, [`situation`] what stands in each section and came from each region,
//! [`digest`] what one reader should see first.
//! [`signals`] says which figures passed a threshold, [`capacity`] counts
//! units and people, [`reports`] groups what citizens told, [`review`] measures it all afterwards.

pub mod advice;
pub mod assistance;
pub mod attention;
pub mod board;
pub mod book;
pub mod capacity;
pub mod claims;
pub mod contradictions;
pub mod digest;
pub mod forecast;
pub mod handover;
pub mod matters;
pub mod reports;
pub mod review;
pub mod said;
pub mod scaling;
pub mod signals;
pub mod sitrep;
pub mod situation;
pub mod stages;
pub mod subject;
pub mod tally;
