//! What goes on paper: the same thing as JSON, as a page in large print and as plain text, chosen by `Accept`.

use std::sync::LazyLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, VARY};
use actix_web::{HttpRequest, HttpResponse};
use alongside_domain::summary::STYLE;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::accept;
use super::codes::Code;
use super::ctx::Ctx;
use super::etag::not_modified_tag;
use super::permit::Permit;
use super::problem::Problem;
use super::refusal::Refusal;

/// The forms a printed thing comes in; the first is the default.
const FORMS: [Form; 3] = [Form::Json, Form::Html, Form::Text];

/// How many bytes of its digest name a form.
const TAG_BYTES: usize = 16;

/// The page may use its own style sheet and nothing else.
static PAGE_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
});

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Html,
    Text,
}

impl Form {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Html => "text/html",
            Self::Text => "text/plain",
        }
    }

    const fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json",
            Self::Html => "text/html; charset=utf-8",
            Self::Text => "text/plain; charset=utf-8",
        })
    }
}

/// How a thing is written for people. As a page it uses the one style sheet of ours.
pub struct Writers<T> {
    pub html: fn(&T) -> String,
    pub text: fn(&T) -> String,
}

impl<T: Serialize> Writers<T> {
    fn write(&self, form: Form, shown: &T) -> Result<String, Problem> {
        match form {
            Form::Json => serde_json::to_string(shown).map_err(Problem::internal),
            Form::Html => Ok((self.html)(shown)),
            Form::Text => Ok((self.text)(shown)),
        }
    }
}

/// Reads one thing in the caller's world and answers with it in the form he likes best, or 304 where he has it.
///
/// # Errors
/// 406 when he likes none of them; what `read` refuses.
pub async fn answer<T: Serialize + Send + 'static, const OPERATION: u16>(
    request: &HttpRequest,
    permit: Permit<OPERATION>,
    writers: Writers<T>,
    read: impl FnOnce(&mut Ctx<'_, '_>) -> Result<T, Refusal> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let form = preferred(request.headers()).ok_or_else(|| Problem::new(Code::NotAcceptable))?;
    let work = move |ctx: &mut Ctx<'_, '_>| {
        let text = writers.write(form, &read(ctx)?)?;
        let tag = tag(&text)?;
        Ok((text, tag))
    };
    let known = |(_, tag): &(String, HeaderValue)| not_modified_tag(request, tag).is_some();
    let status = |shown: &_| if known(shown) { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let (text, tag) = permit.read_as(work, status).await?;
    respond(request, form, text, tag)
}

/// The tag is that of the text itself: what is printed may change without the version of the record.
fn tag(text: &str) -> Result<HeaderValue, Problem> {
    let digest = Sha256::digest(text.as_bytes());
    let short = digest.get(..TAG_BYTES).unwrap_or_default();
    HeaderValue::from_str(&format!("\"{}\"", URL_SAFE_NO_PAD.encode(short))).map_err(Problem::internal)
}

fn respond(
    request: &HttpRequest,
    form: Form,
    body: String,
    tag: HeaderValue,
) -> Result<HttpResponse, Problem> {
    let mut response = match not_modified_tag(request, &tag) {
        Some(known) => known,
        None => HttpResponse::Ok().insert_header((CONTENT_TYPE, form.content_type())).body(body),
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, tag);
    headers.append(VARY, HeaderValue::from_static("Accept, Accept-Language"));
    if form == Form::Html {
        let policy = HeaderValue::from_str(&PAGE_POLICY).map_err(Problem::internal)?;
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

/// The form that the caller likes best.
fn preferred(headers: &HeaderMap) -> Option<Form> {
    accept::preferred(headers, &FORMS, Form::media_type)
}

#[cfg(test)]
mod tests {
    use actix_web::body::MessageBody as _;
    use actix_web::http::header::{ACCEPT, IF_NONE_MATCH};
    use actix_web::test::TestRequest;

    use super::*;

    fn chosen(accept: &str) -> Option<Form> {
        preferred(TestRequest::get().insert_header((ACCEPT, accept)).to_http_request().headers())
    }

    #[test]
    fn the_caller_chooses_the_form() {
        for (accept, form) in [
            ("", Some(Form::Json)),
            ("*/*", Some(Form::Json)),
            ("text/html", Some(Form::Html)),
            ("text/*", Some(Form::Html)),
            ("text/plain, text/html;q=0.9", Some(Form::Text)),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Some(Form::Html)),
            ("application/json;q=0, */*", Some(Form::Html)),
            ("application/json;q=0.25, TEXT/PLAIN;q=0.3", Some(Form::Text)),
            ("application/pdf", None),
            ("text/html;q=0, application/fhir+json", None),
        ] {
            assert_eq!(chosen(accept), form, "{accept}");
        }
        assert_eq!(preferred(TestRequest::get().to_http_request().headers()), Some(Form::Json));
    }

    #[test]
    fn who_has_this_very_text_is_not_sent_it_again() {
        let respond = |request: &HttpRequest, text: &str| {
            respond(request, Form::Html, text.to_owned(), tag(text).unwrap()).unwrap()
        };
        let first = respond(&TestRequest::get().to_http_request(), "a");
        let policy = first.headers().get(CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        let tag = first.headers().get(ETAG).unwrap().clone();
        let again = TestRequest::get().insert_header((IF_NONE_MATCH, tag.clone())).to_http_request();
        assert_eq!(respond(&again, "a").status(), StatusCode::NOT_MODIFIED);
        let changed = respond(&again, "b");
        assert_eq!(changed.status(), StatusCode::OK);
        assert_ne!(changed.headers().get(ETAG), Some(&tag));
        assert_eq!(changed.into_body().try_into_bytes().unwrap(), "b");
    }
}
