//! Time and ids come from outside, so that a test can be at 17:40 on a Friday before a bank holiday.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// An instant in UTC, to the microsecond: what both databases keep.
pub type Timestamp = DateTime<Utc>;

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// Now, cut to the microsecond so that what is stored equals what was answered.
    fn now(&self) -> Timestamp;
}

/// Where ids come from.
pub trait Ids: Send + Sync + 'static {
    /// A fresh UUIDv7.
    fn fresh(&self) -> Uuid;
}

/// The machine's clock and random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Clock for System {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        truncate(Utc::now())
    }
}

impl Ids for System {
    #[expect(clippy::disallowed_methods, reason = "the one place that draws ids")]
    fn fresh(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// The machine's clock, moved by a settable distance. For tests and demonstrations.
#[derive(Debug, Default)]
pub struct ShiftedClock {
    shift_micros: AtomicI64,
}

impl ShiftedClock {
    /// Moves time forward (or back, when negative) by `by` more.
    pub fn advance(&self, by: chrono::TimeDelta) {
        self.shift_micros.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::SeqCst);
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        System.now() + chrono::TimeDelta::microseconds(self.shift_micros.load(Ordering::SeqCst))
    }
}

/// Cuts an instant to whole microseconds.
#[must_use]
pub fn truncate(at: Timestamp) -> Timestamp {
    DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}
