//! Is it alive, is it ready, whom to tell about a hole.

use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::http::header::ContentType;
use actix_web::web::{Data, ServiceConfig, get, resource};
use actix_web::{HttpResponse, Responder};
use serde_json::json;

use super::codes::Code;
use super::middleware::Http;
use super::problem::Problem;

const ALIVE: &str = "/healthz";
const READY: &str = "/readyz";

/// Whether this process should be sent requests. Not ready until told so, and again before it stops.
#[derive(Default)]
pub struct Readiness {
    ready: AtomicBool,
    checks: Vec<Box<dyn Fn() -> bool + Send + Sync>>,
}

impl Readiness {
    /// Adds something that must hold too. It is asked on every probe and must answer at once.
    #[must_use]
    pub fn and(mut self, check: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.checks.push(Box::new(check));
        self
    }

    pub fn set(&self, ready: bool) {
        self.ready.store(ready, Ordering::SeqCst);
    }

    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::SeqCst) && self.checks.iter().all(|check| check())
    }
}

/// Whether this asks after the process's health.
pub(super) fn is_probe(path: &str) -> bool {
    path == ALIVE || path == READY
}

/// `/healthz`, `/readyz` and `/.well-known/security.txt`. Needs `Data<Readiness>`.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource(ALIVE).route(get().to(alive)))
        .service(resource(READY).route(get().to(ready)))
        .service(resource("/.well-known/security.txt").route(get().to(security)));
}

async fn alive() -> impl Responder {
    HttpResponse::Ok().json(json!({"status": "alive"}))
}

async fn ready(readiness: Data<Readiness>) -> Result<HttpResponse, Problem> {
    if readiness.is_ready() {
        Ok(HttpResponse::Ok().json(json!({"status": "ready"})))
    } else {
        Err(Problem::new(Code::Unavailable).detail("Not ready.").retry_after(1))
    }
}

/// RFC 9116.
async fn security(http: Data<Http>) -> HttpResponse {
    let settings = http.settings();
    let text = format!(
        "Contact: {}\nExpires: {}\nPreferred-Languages: en\n",
        settings.security_contact, settings.security_contact_expires
    );
    HttpResponse::Ok().insert_header(ContentType::plaintext()).body(text)
}
