//! Lists a page at a time: limits, and cursors that only continue the list that gave them.

use actix_web::http::header::{HeaderValue, LINK};
use actix_web::{HttpRequest, HttpResponse};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::codes::Code;
use super::problem::Problem;

/// Most items on a page; a higher wish is capped.
pub const MAX_LIMIT: u32 = 200;
/// Items on a page when nothing is asked for.
pub const DEFAULT_LIMIT: u32 = 50;
/// Longest cursor there is, for the document's `maxLength`.
pub const MAX_CURSOR_CHARS: usize = 1024;

/// Bytes of the authentication code kept in a cursor.
const TAG_BYTES: usize = 16;

/// Which page is wanted. Built from the two members every list's query has:
///
/// ```text
/// /// How many items at most, 1 to 200.
/// #[param(minimum = 1, maximum = 200, default = 50)]
/// pub limit: Option<i64>,
/// /// `next` of the page before.
/// #[param(max_length = 1024)]
/// pub cursor: Option<String>,
/// ```
#[derive(Debug, Clone)]
pub struct Paging {
    limit: u32,
    cursor: Option<String>,
}

impl Paging {
    /// # Errors
    /// 400 when the limit is below 1.
    pub fn new(limit: Option<i64>, cursor: Option<String>) -> Result<Self, Problem> {
        let limit = match limit {
            None => DEFAULT_LIMIT,
            Some(wish) if wish < 1 => {
                let problem = Problem::new(Code::MalformedQuery);
                return Err(problem.field("/limit", "range", "This must be 1 or more."));
            }
            Some(wish) => u32::try_from(wish).unwrap_or(MAX_LIMIT).min(MAX_LIMIT),
        };
        Ok(Self { limit, cursor })
    }

    /// How many items to answer with. Fetch [`Paging::fetch`] of them to learn whether there are more.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// One more than the limit.
    #[must_use]
    pub fn fetch(&self) -> u32 {
        self.limit + 1
    }

    /// The key after which this page begins.
    ///
    /// # Errors
    /// 400 when the cursor is not from this list.
    pub fn after<K: DeserializeOwned>(&self, key: &CursorKey, list: &List<'_>) -> Result<Option<K>, Problem> {
        self.cursor.as_deref().map(|cursor| key.open(list, cursor)).transpose()
    }

    /// Cuts the one item too many, and gives the cursor for what follows it.
    ///
    /// # Errors
    /// 500 when the position cannot be written down.
    pub fn cut<T, K: Serialize>(
        &self,
        rows: &mut Vec<T>,
        key: &CursorKey,
        list: &List<'_>,
        key_of: impl FnOnce(&T) -> K,
    ) -> Result<Option<String>, Problem> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if rows.len() <= limit {
            return Ok(None);
        }
        rows.truncate(limit);
        rows.last().map(|last| key.seal(list, &key_of(last))).transpose()
    }
}

/// The list a cursor belongs to: who asks for what, filtered how.
#[derive(Debug, Clone)]
pub struct List<'a> {
    caller: Uuid,
    operation: &'a str,
    filter: Vec<u8>,
}

impl<'a> List<'a> {
    /// `filter` is everything that decides which items are on the list and in which order; not the limit.
    ///
    /// # Errors
    /// 500 when the filter cannot be written down: a cursor must never be bound to another filter than its own.
    pub fn new(caller: Uuid, operation: &'a str, filter: &impl Serialize) -> Result<Self, Problem> {
        let filter = serde_json::to_vec(filter).map_err(Problem::internal)?;
        Ok(Self { caller, operation, filter })
    }
}

/// Seals and opens cursors. All replicas share the secret.
#[derive(Clone)]
pub struct CursorKey(hmac::Key);

impl CursorKey {
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The cursor for what follows `position`: sort key and id of the last item. A cursor is opaque to clients but not
    /// secret, and stands in addresses: no names in it.
    ///
    /// # Errors
    /// 500 when the position cannot be written down.
    pub fn seal(&self, list: &List<'_>, position: &impl Serialize) -> Result<String, Problem> {
        let mut bytes = serde_json::to_vec(position).map_err(Problem::internal)?;
        let tag = self.tag(list, &bytes);
        bytes.extend(tag.as_ref().iter().take(TAG_BYTES));
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// # Errors
    /// 400 when the cursor was altered or belongs to another caller, operation or filter.
    pub fn open<K: DeserializeOwned>(&self, list: &List<'_>, cursor: &str) -> Result<K, Problem> {
        let foreign = || {
            Problem::new(Code::InvalidCursor).field("/cursor", "invalid", "This is no cursor of this list.")
        };
        if cursor.len() > MAX_CURSOR_CHARS {
            return Err(foreign());
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| foreign())?;
        let at = bytes.len().checked_sub(TAG_BYTES).ok_or_else(foreign)?;
        let (position, tag) = bytes.split_at_checked(at).ok_or_else(foreign)?;
        let expected = self.tag(list, position);
        let expected = expected.as_ref().get(..TAG_BYTES).ok_or_else(foreign)?;
        if !bool::from(expected.ct_eq(tag)) {
            return Err(foreign());
        }
        serde_json::from_slice(position).map_err(|_| foreign())
    }

    /// Over every part with its length before it, so that no two lists spell the same input.
    fn tag(&self, list: &List<'_>, position: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [list.caller.as_bytes().as_slice(), list.operation.as_bytes(), &list.filter, position] {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        context.sign()
    }
}

/// 200 with the page (`{"items": [..], "next": ".."}`, a type of the resource's own) and the `Link` to the next one.
pub fn respond(request: &HttpRequest, page: &impl Serialize, next: Option<&str>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    if let Some(next) = next
        && let Ok(link) = HeaderValue::from_str(&next_link(request, next))
    {
        response.insert_header((LINK, link));
    }
    response.json(page)
}

/// This request's address with another cursor.
fn next_link(request: &HttpRequest, next: &str) -> String {
    let mut query: Vec<&str> = request.query_string().split('&').collect();
    query.retain(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    let cursor = format!("cursor={next}");
    query.push(&cursor);
    format!("<{}?{}>; rel=\"next\"", request.path(), query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn key() -> CursorKey {
        CursorKey::new(&[7; 32])
    }

    fn list<'a>(caller: u128, operation: &'a str, filter: &str) -> List<'a> {
        List::new(Uuid::from_u128(caller), operation, &filter).unwrap()
    }

    #[test]
    fn a_cursor_continues_its_own_list_only() {
        let mine = list(1, "list_participants", "open");
        let cursor = key().seal(&mine, &("2026-03-14", 9)).unwrap();
        assert_eq!(key().open::<(String, u8)>(&mine, &cursor).unwrap(), ("2026-03-14".into(), 9));
        let refused = |key: CursorKey, list: &List<'_>, cursor: &str| {
            assert_eq!(key.open::<(String, u8)>(list, cursor).unwrap_err().code(), Code::InvalidCursor);
        };
        refused(key(), &list(2, "list_participants", "open"), &cursor);
        refused(key(), &list(1, "list_assessments", "open"), &cursor);
        refused(key(), &list(1, "list_participants", "closed"), &cursor);
        refused(CursorKey::new(&[8; 32]), &mine, &cursor);
        for broken in ["", "x", "!!", &cursor[1..], &cursor[..cursor.len() - 2], &"A".repeat(2000)] {
            refused(key(), &mine, broken);
        }
        // No base64 tail that decodes alike.
        refused(key(), &mine, &format!("{cursor}="));
    }

    #[test]
    fn what_cannot_be_written_down_is_an_error_and_no_other_list() {
        let unwritable = std::collections::BTreeMap::from([((1, 2), 3)]);
        let refused = List::new(Uuid::nil(), "list_participants", &unwritable).unwrap_err();
        assert_eq!(refused.code(), Code::Internal);
        let here = list(1, "list_participants", "open");
        assert_eq!(key().seal(&here, &unwritable).unwrap_err().code(), Code::Internal);
    }

    #[test]
    fn the_limit_is_capped_above_and_refused_below() {
        let limit = |wish| Paging::new(wish, None).map(|paging| paging.limit());
        assert_eq!(limit(None).unwrap(), 50);
        assert_eq!(limit(Some(1)).unwrap(), 1);
        assert_eq!(limit(Some(200)).unwrap(), 200);
        assert_eq!(limit(Some(i64::MAX)).unwrap(), 200);
        assert_eq!(limit(Some(0)).unwrap_err().code(), Code::MalformedQuery);
        assert_eq!(limit(Some(-1)).unwrap_err().errors()[0].pointer, "/limit");
    }

    #[test]
    fn a_page_is_cut_and_linked() {
        let paging = Paging::new(Some(2), None).unwrap();
        let here = list(1, "list_numbers", "");
        let mut rows = vec![1, 2, 3];
        let next = paging.cut(&mut rows, &key(), &here, |n| *n).unwrap().unwrap();
        assert_eq!(rows, [1, 2]);
        let following = Paging::new(Some(2), Some(next.clone())).unwrap();
        assert_eq!(following.after::<i32>(&key(), &here).unwrap(), Some(2));
        assert_eq!(paging.cut(&mut rows, &key(), &here, |n| *n).unwrap(), None);

        let request = TestRequest::get().uri("/v1/numbers?limit=2&cursor=old&odd=true").to_http_request();
        let response = respond(&request, &serde_json::json!({"items": rows}), Some(&next));
        let link = response.headers().get(LINK).unwrap().to_str().unwrap();
        assert_eq!(link, format!("</v1/numbers?limit=2&odd=true&cursor={next}>; rel=\"next\""));
    }
}
