//! Where a device sends people with its code, as long as no front end has a page of its own for that. This page takes no
//! code: codes are typed where somebody is signed in.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType};
use actix_web::web::{ServiceConfig, get, resource};

use super::html;

const BODY: &str = "<p>A tablet or another shared device shows you a code and wants to be signed in. Only go on if you hold \
that device in your hands, and have begun this yourself. <strong>Nobody from the programme will ever ring or write to ask \
you to type a code.</strong></p>\n\
<p>Sign in on your own device, in the program that you use with Alongside, and type the code there; or type in a \
terminal:</p>\n\
<p><code>alongside device approve</code> and the code</p>\n\
<p>You are shown which device asks and from where before you say yes.</p>";

pub fn routes(config: &mut ServiceConfig) {
    config.service(resource("/device").route(get().to(page)));
}

async fn page() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_SECURITY_POLICY, html::policy()))
        .insert_header(ContentType::html())
        .body(html::page("Sign a device in", BODY))
}
