//! The pages the `type` of a problem leads to.

use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentType, VARY};
use actix_web::web::{ServiceConfig, get, resource};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::codes::{Code, Entry};
use super::html;
use super::problem::Problem;
use super::query::Path;
use super::route_table::accepts;

/// `/problems` and `/problems/{code}`.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/problems").route(get().to(list)))
        .service(resource("/problems/{code}").route(get().to(explain)));
}

async fn list(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let entries = || Code::ALL.into_iter().map(Code::entry);
    let document = || json!({"items": entries().map(as_json).collect::<Vec<_>>()});
    let page = || {
        let line = |entry: Entry| {
            format!(
                "<li><a href=\"/problems/{0}\"><code>{0}</code></a> ({1}): {2}</li>",
                entry.code,
                entry.status.as_u16(),
                html::escape(entry.title)
            )
        };
        html::page(
            "Problems",
            &format!("<ul>\n{}\n</ul>", entries().map(line).collect::<Vec<_>>().join("\n")),
        )
    };
    answer(&request, document, page)
}

async fn explain(request: HttpRequest, code: Path<String>) -> Result<HttpResponse, Problem> {
    let entry = Code::named(&code).ok_or_else(Problem::not_found)?.entry();
    let page = || {
        let body = format!(
            "<p>{}</p>\n<dl>\n<dt>What to do</dt><dd>{}</dd>\n<dt>Code</dt><dd><code>{}</code></dd>\n\
             <dt>HTTP status</dt><dd>{}</dd>\n</dl>\n<p><a href=\"/problems\">All problems</a></p>",
            html::escape(entry.explanation),
            html::escape(entry.advice),
            entry.code,
            entry.status.as_u16(),
        );
        html::page(entry.title, &body)
    };
    answer(&request, || as_json(entry), page)
}

fn as_json(entry: Entry) -> Value {
    json!({
        "type": format!("/problems/{}", entry.code),
        "code": entry.code,
        "status": entry.status.as_u16(),
        "title": entry.title,
        "explanation": entry.explanation,
        "advice": entry.advice,
    })
}

/// The catalogue as it is committed: `openapi/problems/README.md`.
#[must_use]
pub fn catalogue() -> String {
    let mut out = String::from(
        "# Problems\n\nEvery error body is `application/problem+json` (RFC 9457). `code` is what programs compare; `type` is \
         `/problems/<code>` on the server, which explains it in words. The list may grow: treat a code you do not know by \
         its status.\n",
    );
    for entry in Code::ALL.into_iter().map(Code::entry) {
        out.push_str(&format!(
            "\n## {}\n\n{} {}. {}\n\n{}\n",
            entry.code,
            entry.status.as_u16(),
            entry.title.trim_end_matches('?'),
            entry.explanation,
            entry.advice
        ));
    }
    out
}

/// A page for people, unless the caller asks for JSON and not for HTML.
fn answer(
    request: &HttpRequest,
    document: impl FnOnce() -> Value,
    page: impl FnOnce() -> String,
) -> Result<HttpResponse, Problem> {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, "max-age=3600")).insert_header((VARY, "Accept"));
    if accepts(accept, "text/html") {
        response.insert_header((CONTENT_SECURITY_POLICY, html::policy())).insert_header(ContentType::html());
        return Ok(response.body(page()));
    }
    if accepts(accept, "application/json") || accepts(accept, "application/problem+json") {
        return Ok(response.json(document()));
    }
    Err(Problem::new(Code::NotAcceptable))
}

#[cfg(test)]
mod tests {
    /// Refresh it with the `problems` command of the server: `just problems`.
    #[test]
    fn the_committed_catalogue_is_current() {
        assert_eq!(super::catalogue(), include_str!("../../../openapi/problems/README.md"));
    }
}
