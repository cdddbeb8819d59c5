//! What every operation shares: how requests are read, how answers and refusals look, what surrounds them.
//!
//! A request passes [`middleware`] (id, limits, headers, log), then the extractors of its handler ([`query`], [`json`],
//! [`etag`]), and leaves through [`reply`] or [`page`], or as a [`problem`].

pub mod accept;
mod account_page;
pub mod body;
pub mod caller;
pub mod codes;
mod commit;
pub mod cors;
pub mod ctx;
mod device_page;
pub mod docs;
pub mod document;
pub mod etag;
pub mod example;
pub mod fhir_outcome;
pub mod forwarded;
pub mod gate;
mod granted;
pub mod health;
pub mod html;
pub mod json;
pub mod limits;
pub mod lint;
pub mod middleware;
pub mod page;
pub mod patch;
pub mod permit;
pub mod pointer;
pub mod printed;
pub mod problem;
pub mod problems;
pub mod query;
pub mod refusal;
pub mod reply;
pub mod request_id;
pub mod route_table;
pub mod rules;
pub mod services;
pub mod settings;
mod straight;
pub mod strict;
mod structure_definitions;
pub mod tree;

pub use caller::{Actor, Caller};
pub use codes::Code;
pub use ctx::Ctx;
pub use fhir_outcome::{FHIR_JSON, wants_fhir};
pub use forwarded::ClientAddress;
pub use json::{Json, OptionalJson};
pub use middleware::{Http, wrap};
pub use permit::Permit;
pub use problem::{Problem, ProblemField};
pub use query::{Path, Query};
pub use refusal::Refusal;
pub use reply::Reply;
pub use request_id::RequestId;
pub use services::Services;
pub use settings::HttpSettings;

/// Addresses outside the document, for the right `Allow` on a wrong method.
pub const DISCOVERY: [&str; 9] = [
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/account",
    "/problems",
    "/problems/{code}",
    "/.well-known/security.txt",
    "/docs/{file}",
    "/v1/fhir/StructureDefinition/{name}",
];

/// Registers the addresses that help people and programs find their way.
pub fn discovery(config: &mut actix_web::web::ServiceConfig) {
    health::routes(config);
    account_page::routes(config);
    device_page::routes(config);
    problems::routes(config);
    docs::routes(config);
    structure_definitions::routes(config);
}

#[cfg(test)]
mod tests;
