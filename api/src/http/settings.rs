//! What an operator can set about the HTTP surface.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::Data;

use super::forwarded::Network;
use super::middleware::Http;

/// Limits and lists for the HTTP surface, with defaults fit for one machine in a clinic.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Largest request body, unless an operation documents another limit.
    pub max_body_bytes: usize,
    /// How long a body may take to arrive. Longer is 408.
    pub body_timeout: Duration,
    /// How long a handler may take until its answer begins. Longer is 503.
    pub request_timeout: Duration,
    /// Requests per caller and minute; 0 sets no limit.
    pub rate_limit_per_minute: u32,
    /// How many of them may come at once.
    pub rate_limit_burst: u32,
    /// Origins whose pages may call from a browser, exactly as a browser sends them: `https://app.example.org`.
    pub cors_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Where to report a vulnerability, as a `mailto:` or `https:` URI, and until when that holds (RFC 3339).
    pub security_contact: String,
    pub security_contact_expires: String,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            max_body_bytes: 1 << 20,
            body_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(45),
            rate_limit_per_minute: 600,
            rate_limit_burst: 120,
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            security_contact: "mailto:security@alongside.example".to_owned(),
            security_contact_expires: "2027-12-31T00:00:00Z".to_owned(),
        }
    }
}

/// The settings this request is served under.
pub(super) fn of(request: &HttpRequest) -> Option<&HttpSettings> {
    request.app_data::<Data<Http>>().map(|http| http.settings())
}
