//! Versions as strong entity tags, and the preconditions and preferences that go with them.

use actix_web::dev::Payload;
use actix_web::http::header::{AsHeaderName, ETAG, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use actix_web::{FromRequest, HttpRequest, HttpResponse};

use super::codes::Code;
use super::gate;
use super::problem::Problem;

/// RFC 7240.
const PREFER: &str = "prefer";

/// The tag of a version: `"7"`.
#[must_use]
pub fn etag(version: i64) -> HeaderValue {
    // Digits and quotes are always a valid header value.
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The versions a caller is willing to change. As an argument it requires the header (428 without it); where the
/// header is optional, take `Option<IfMatch>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch(Vec<String>);

impl IfMatch {
    /// Whether the current version is one of them.
    #[must_use]
    pub fn matches(&self, current: i64) -> bool {
        let tag = format!("\"{current}\"");
        self.0.iter().any(|given| given == "*" || *given == tag)
    }

    /// # Errors
    /// 412, with the current version in `ETag`.
    pub fn check(&self, current: i64) -> Result<(), Problem> {
        if self.matches(current) { Ok(()) } else { Err(stale(current)) }
    }

    /// The single version named, for a compare-and-swap in one statement. `None` for `*` or a list.
    #[must_use]
    pub fn version(&self) -> Option<i64> {
        match self.0.as_slice() {
            [one] => one.strip_prefix('"')?.strip_suffix('"')?.parse().ok(),
            _ => None,
        }
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = gate::Found<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let tags = tags(request, IF_MATCH);
        let named =
            if tags.is_empty() { Err(Problem::new(Code::PreconditionRequired)) } else { Ok(Self(tags)) };
        gate::found(request, named)
    }
}

/// 412 for a record whose version is now `current`.
#[must_use]
pub fn stale(current: i64) -> Problem {
    Problem::new(Code::Stale).etag(etag(current))
}

/// 304 when the caller already holds this version.
#[must_use]
pub fn not_modified(request: &HttpRequest, current: i64) -> Option<HttpResponse> {
    let current = etag(current);
    not_modified_tag(request, &current)
}

/// [`not_modified`] for a tag that is not a version, such as that of the document.
#[must_use]
pub fn not_modified_tag(request: &HttpRequest, current: &HeaderValue) -> Option<HttpResponse> {
    let known = tags(request, IF_NONE_MATCH);
    // RFC 9110 13.1.2: a weak comparison, since nothing is changed.
    let holds = known
        .iter()
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == current.as_bytes());
    holds.then(|| HttpResponse::NotModified().insert_header((ETAG, current.clone())).finish())
}

/// Whether the caller would rather not have the representation back: `Prefer: return=minimal`.
#[must_use]
pub fn prefers_minimal(request: &HttpRequest) -> bool {
    let values = request.headers().get_all(HeaderName::from_static(PREFER));
    values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split([',', ';'])).any(
        |preference| {
            let preference = preference.trim();
            preference.eq_ignore_ascii_case("return=minimal")
                || preference.eq_ignore_ascii_case("return=\"minimal\"")
        },
    )
}

/// The tags listed in a header. Commas cannot occur in ours, so splitting at them loses nothing.
fn tags(request: &HttpRequest, name: impl AsHeaderName) -> Vec<String> {
    let values = request.headers().get_all(name);
    let listed = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    listed.map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    async fn if_match(value: &'static str) -> Result<IfMatch, Problem> {
        IfMatch::extract(&TestRequest::patch().insert_header((IF_MATCH, value)).to_http_request()).await
    }

    #[actix_web::test]
    async fn a_change_names_its_version() {
        let given = if_match("\"7\"").await.unwrap();
        assert!(given.check(7).is_ok());
        assert_eq!(given.version(), Some(7));
        let problem = given.check(8).unwrap_err();
        assert_eq!(problem.code(), Code::Stale);
        assert_eq!(problem.response(None).headers().get(ETAG).unwrap(), "\"8\"");
        assert!(if_match("\"6\", \"7\"").await.unwrap().matches(7));
        assert!(if_match("*").await.unwrap().matches(7));
        assert!(!if_match("W/\"7\"").await.unwrap().matches(7), "a weak tag never matches strongly");
        assert!(!if_match("7").await.unwrap().matches(7));
        assert_eq!(if_match("*").await.unwrap().version(), None);

        let without = TestRequest::patch().to_http_request();
        assert_eq!(IfMatch::extract(&without).await.unwrap_err().code(), Code::PreconditionRequired);
        assert!(Option::<IfMatch>::extract(&without).await.unwrap().is_none());
    }

    #[test]
    fn a_known_version_is_not_sent_again() {
        let request = TestRequest::get().insert_header((IF_NONE_MATCH, "\"1\", W/\"7\"")).to_http_request();
        assert_eq!(not_modified(&request, 7).unwrap().headers().get(ETAG).unwrap(), "\"7\"");
        assert!(not_modified(&request, 8).is_none());
        assert!(not_modified(&TestRequest::get().to_http_request(), 7).is_none());
    }

    #[test]
    fn preferences_are_read() {
        let prefer =
            |value: &'static str| TestRequest::post().insert_header((PREFER, value)).to_http_request();
        assert!(prefers_minimal(&prefer("respond-async, return=minimal")));
        assert!(!prefers_minimal(&prefer("return=representation")));
    }
}
