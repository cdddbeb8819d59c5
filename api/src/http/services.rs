//! Where handlers are registered: with the framework alone, to serve, or with the document as well, to describe.

use actix_web::dev::HttpServiceFactory;
use actix_web::web;
use utoipa_actix_web::{OpenApiFactory, service_config};

/// Takes handlers. Workers start without making a document that none of them needs.
pub trait Services {
    /// Registers a handler.
    fn service(&mut self, handler: impl HttpServiceFactory + OpenApiFactory + 'static) -> &mut Self;
}

impl Services for web::ServiceConfig {
    fn service(&mut self, handler: impl HttpServiceFactory + OpenApiFactory + 'static) -> &mut Self {
        Self::service(self, handler)
    }
}

impl Services for service_config::ServiceConfig<'_> {
    fn service(&mut self, handler: impl HttpServiceFactory + OpenApiFactory + 'static) -> &mut Self {
        Self::service(self, handler)
    }
}
