//! Where the links in letters lead as long as no front end has a page of its own for them. What stands behind `#` stays in
//! the browser: this page asks for no password and sees no code.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType};
use actix_web::web::{ServiceConfig, get, resource};

use super::html;

const BODY: &str = "<p>You have come here with the link in a letter from Alongside. The part of the address of this page \
that begins with <code>ala_</code> is your code. It is in the letter too. Never give it to anybody.</p>\n\
<p>Choose your password in the program that you use with Alongside, or type in a terminal:</p>\n\
<p><code>alongside activate</code></p>\n\
<p>You will be asked for your e-mail address, for the code, and for a new password. If you do not know what to do, ask \
whoever looks after your programme. They help you without learning your password.</p>";

pub fn routes(config: &mut ServiceConfig) {
    config.service(resource("/account").route(get().to(page)));
}

async fn page() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_SECURITY_POLICY, html::policy()))
        .insert_header(ContentType::html())
        .body(html::page("Choose your password", BODY))
}
