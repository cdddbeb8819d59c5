//! How often a service client may ask: counted in memory, on each replica for itself.
//!
//! A client's minute begins with its first request. Only then is its quota read from the database, so that a change
//! counts from the next minute on, and whoever asks too often costs no query.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use alongside_domain::clock::Timestamp;
use chrono::TimeDelta;
use uuid::Uuid;

use crate::http::{Code, Problem};

const MINUTE: TimeDelta = TimeDelta::minutes(1);

#[derive(Debug)]
struct Minute {
    began: Timestamp,
    quota: i32,
    taken: i32,
}

impl Minute {
    fn holds(&self, now: Timestamp) -> bool {
        self.began <= now && now < self.began + MINUTE
    }

    fn take(&mut self, now: Timestamp) -> Result<(), Problem> {
        if self.taken < self.quota {
            self.taken += 1;
            return Ok(());
        }
        // Rounded up, and never 0: whoever waits as told is let in.
        let wait = (self.began + MINUTE - now).num_seconds() + 1;
        let problem =
            Problem::new(Code::RateLimited).detail("The client has used up its quota of this minute.");
        Err(problem.retry_after(u64::try_from(wait).unwrap_or(1)))
    }
}

/// The minutes of the clients that asked lately.
#[derive(Debug, Default)]
pub struct ClientQuotas(Mutex<HashMap<Uuid, Minute>>);

impl ClientQuotas {
    /// Counts a request; `false` where no minute of this caller is running, as with everybody who is no client.
    ///
    /// # Errors
    /// 429 with the time to wait when the quota is used up.
    pub fn take(&self, caller: Uuid, now: Timestamp) -> Result<bool, Problem> {
        match self.minutes().get_mut(&caller).filter(|minute| minute.holds(now)) {
            Some(minute) => minute.take(now).map(|()| true),
            None => Ok(false),
        }
    }

    /// Begins a minute of this client with the request that is there. Of several at once the first begins it.
    ///
    /// # Errors
    /// As [`ClientQuotas::take`].
    pub fn open(&self, client: Uuid, quota: i32, now: Timestamp) -> Result<(), Problem> {
        let mut minutes = self.minutes();
        minutes.retain(|_, minute| minute.holds(now));
        minutes.entry(client).or_insert(Minute { began: now, quota, taken: 0 }).take(now)
    }

    fn minutes(&self) -> MutexGuard<'_, HashMap<Uuid, Minute>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn at(seconds: i64) -> Timestamp {
        DateTime::from_timestamp(1_900_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_minute_holds_the_quota_and_the_next_begins_anew() {
        let quotas = ClientQuotas::default();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert!(!quotas.take(one, at(0)).unwrap(), "not known yet");
        quotas.open(one, 3, at(0)).unwrap();
        assert!(quotas.take(one, at(1)).unwrap());
        assert!(quotas.take(one, at(2)).unwrap());
        let refused = quotas.take(one, at(20)).unwrap_err().response(None);
        assert_eq!(refused.status().as_u16(), 429);
        assert_eq!(refused.headers().get("retry-after").unwrap(), "41");
        quotas.open(other, 1, at(20)).unwrap();
        // The minute is over: what was read of the client a minute ago no longer counts.
        assert!(!quotas.take(one, at(60)).unwrap());
        quotas.open(one, 1, at(60)).unwrap();
        assert!(quotas.take(one, at(61)).is_err());
    }

    #[test]
    fn requests_side_by_side_begin_one_minute() {
        let quotas = ClientQuotas::default();
        let one = Uuid::from_u128(1);
        quotas.open(one, 2, at(0)).unwrap();
        quotas.open(one, 2, at(0)).unwrap();
        assert!(quotas.open(one, 2, at(0)).is_err());
    }

    #[test]
    fn a_clock_that_went_back_shuts_nobody_out() {
        let quotas = ClientQuotas::default();
        let one = Uuid::from_u128(1);
        quotas.open(one, 1, at(3_600)).unwrap();
        assert!(!quotas.take(one, at(0)).unwrap());
        quotas.open(one, 1, at(0)).unwrap();
        assert_eq!(quotas.minutes().len(), 1);
    }
}
