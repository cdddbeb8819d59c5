//! Codebooks: what an analyst must know of every variable of an instrument.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, VARY};
use actix_web::{HttpRequest, HttpResponse, get};
use alongside_domain::id::InstrumentId;
use alongside_domain::instrument::{Codebook, codebook, codebook_csv};
use alongside_domain::policy::Operation;
use alongside_store::instrument;

use super::instrument_words::{self, Wanted, WordsQuery};
use crate::http::{Code, Path, Permit, Problem, Query, Services, accept};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Csv,
}

/// The forms a codebook comes in; the first is the default.
const FORMS: [Form; 2] = [Form::Json, Form::Csv];

impl Form {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
        }
    }
}

/// Get the codebook of an instrument
///
/// One variable for each question and each score: name, text, type, unit, values with labels and weights, bounds, when it
/// is asked, what stands in place of a value, formula and source. `Accept` chooses between JSON and CSV (`text/csv`), in
/// which no cell is run as a formula. Labels come in the language that is asked for; names and codes stay the same.
#[utoipa::path(
    tag = "instruments", operation_id = "get_codebook",
    params(("id" = InstrumentId, Path, description = "The instrument."), WordsQuery),
    responses((status = 200, description = "The codebook.", content(
        (Codebook = "application/json"),
        (String = "text/csv", example = "kind,name,link_id,text")
    )))
)]
#[get("/v1/instruments/{id}/codebook")]
async fn get_codebook(
    request: HttpRequest,
    permit: Permit<{ Operation::GetCodebook.id() }>,
    path: Path<InstrumentId>,
    query: Query<WordsQuery>,
) -> Result<HttpResponse, Problem> {
    let form = accept::preferred(request.headers(), &FORMS, Form::media_type);
    let form = form.ok_or_else(|| Problem::new(Code::NotAcceptable))?;
    let id = *path;
    let wanted = Wanted::of(&request, query.into_inner())?;
    let words = permit
        .read(move |ctx| {
            instrument::find(ctx.db, ctx.scope, id)?;
            instrument_words::read(ctx, id, &wanted)
        })
        .await?;
    let found = codebook(&words.definition);
    let mut answer = HttpResponse::Ok();
    answer.insert_header((VARY, "Accept, Accept-Language"));
    words.name_language(&mut answer);
    Ok(match form {
        Form::Json => answer.json(found),
        Form::Csv => {
            answer.insert_header((
                CONTENT_TYPE,
                HeaderValue::from_static("text/csv; charset=utf-8; header=present"),
            ));
            let name = HeaderValue::from_static("attachment; filename=\"codebook.csv\"");
            answer.insert_header((CONTENT_DISPOSITION, name)).body(codebook_csv(&found))
        }
    })
}

pub fn routes(config: &mut impl Services) {
    config.service(get_codebook);
}
