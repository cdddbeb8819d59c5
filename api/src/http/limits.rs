//! How often a caller may ask.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use super::codes::Code;
use super::problem::Problem;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Where secrets are tried.
const SIGN_IN: [&str; 7] = [
    "/v1/sessions",
    "/v1/sessions/refresh",
    "/oauth2/token",
    "/oauth2/revoke",
    "/oauth2/introspect",
    "/oauth2/device_authorization",
    "/v1/activations",
];

/// Callers who have recovered their whole allowance are forgotten each time this many requests have passed.
const SWEEP_EVERY: u32 = 4096;

/// One allowance per caller, refilled steadily (GCRA).
pub struct Limits {
    limiter: RateLimiter<u64, DashMapStateStore<u64>, DefaultClock, StateInformationMiddleware>,
    clock: DefaultClock,
    /// Keyed by chance, so that nobody can aim at another's bucket; and no token is kept.
    hasher: RandomState,
    policy: HeaderValue,
    burst: u32,
    period: Duration,
    passed: AtomicU32,
}

/// What is left for the caller, for the headers of the answer.
pub(super) struct Allowance {
    policy: HeaderValue,
    left: HeaderValue,
}

impl Limits {
    /// Nothing when `per_minute` is 0: no limit.
    #[must_use]
    pub fn new(per_minute: u32, burst: u32) -> Option<Self> {
        let rate = NonZeroU32::new(per_minute)?;
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(rate).allow_burst(burst);
        let limiter = RateLimiter::dashmap(quota).with_middleware::<StateInformationMiddleware>();
        let policy = HeaderValue::from_str(&format!("\"caller\";q={rate};w=60")).ok()?;
        Some(Self {
            limiter,
            clock: DefaultClock::default(),
            hasher: RandomState::new(),
            policy,
            burst: burst.get(),
            period: quota.replenish_interval(),
            passed: AtomicU32::new(0),
        })
    }

    /// The caller by token if there is one, else by address. Where one signs in it is always the address: a header
    /// made up for each guess must not bring a fresh allowance.
    pub(super) fn caller(&self, path: &str, headers: &HeaderMap, address: Option<IpAddr>) -> u64 {
        let token = headers.get(AUTHORIZATION).filter(|_| !SIGN_IN.contains(&path));
        match token {
            Some(token) => self.hasher.hash_one((1_u8, token.as_bytes())),
            None => self.hasher.hash_one((0_u8, address)),
        }
    }

    /// Takes one request off the caller's allowance.
    pub(super) fn take(&self, caller: u64) -> (Allowance, Result<(), Problem>) {
        if self.passed.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.limiter.retain_recent();
        }
        match self.limiter.check_key(&caller) {
            Ok(state) => (self.allowance(state.remaining_burst_capacity()), Ok(())),
            Err(refused) => {
                let wait = seconds(refused.wait_time_from(self.clock.now()));
                (self.allowance(0), Err(Problem::new(Code::RateLimited).retry_after(wait)))
            }
        }
    }

    /// The allowance of a caller who is not counted.
    pub(super) fn untouched(&self) -> Allowance {
        self.allowance(self.burst)
    }

    fn allowance(&self, left: u32) -> Allowance {
        let full_again = seconds(self.period * self.burst.saturating_sub(left));
        let left = HeaderValue::from_str(&format!("\"caller\";r={left};t={full_again}"));
        Allowance { policy: self.policy.clone(), left: left.unwrap_or(HeaderValue::from_static("")) }
    }
}

impl Allowance {
    pub(super) fn decorate(self, headers: &mut HeaderMap) {
        headers.insert(RATE_LIMIT_POLICY, self.policy);
        headers.insert(RATE_LIMIT, self.left);
    }
}

/// Whole seconds, rounded up: never too early, never 0.
fn seconds(duration: Duration) -> u64 {
    (duration.as_secs() + u64::from(duration.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_next_waits() {
        let limits = Limits::new(60, 3).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer one"));
        let one = limits.caller("/v1/sites", &headers, None);
        for left in [2, 1, 0] {
            let (allowance, verdict) = limits.take(one);
            assert!(verdict.is_ok());
            assert!(allowance.left.to_str().unwrap().starts_with(&format!("\"caller\";r={left};t=")));
        }
        let (allowance, verdict) = limits.take(one);
        assert_eq!(verdict.unwrap_err().response(None).headers().get("retry-after").unwrap(), "1");
        assert_eq!(allowance.policy, "\"caller\";q=60;w=60");
        // Another caller, and the same machine without a token, have their own.
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer two"));
        assert!(limits.take(limits.caller("/v1/sites", &headers, None)).1.is_ok());
        assert!(
            limits.take(limits.caller("/v1/sites", &HeaderMap::new(), Some([127, 0, 0, 1].into()))).1.is_ok()
        );
    }

    #[test]
    fn zero_means_no_limit() {
        assert!(Limits::new(0, 10).is_none());
    }
}
