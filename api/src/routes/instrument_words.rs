//! An instrument in the words that a reader wants: its own, or those of a translation.

use std::sync::Arc;

use actix_web::http::header::{CONTENT_LANGUAGE, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponseBuilder};
use alongside_domain::id::InstrumentId;
use alongside_domain::instrument::{Definition, Texts, TranslationStatus};
use alongside_domain::language::{Language, best};
use alongside_store::translation::{self, Translation};
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use crate::http::{Code, Ctx, Problem, Refusal, accept};

/// In which words.
#[derive(Debug, Clone, Default, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WordsQuery {
    /// The language of the words, as in BCP 47. Without it `Accept-Language` decides, as far as there are words; with it
    /// 422 where there are none.
    #[param(value_type = Option<String>, max_length = 35, example = "pl")]
    pub language: Option<Language>,
    /// This revision of the translation, a draft too; left out, the newest that is published. Only with `language`.
    #[validate(range(min = 1))]
    #[param(minimum = 1, maximum = 2147483647)]
    pub revision: Option<i32>,
}

/// In which words, where the translation is always the published one.
#[derive(Debug, Clone, Default, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WordsLanguage {
    /// The language of the words of the instrument, as in BCP 47. Without it `Accept-Language` decides, as far as there are
    /// words; with it 422 where there are none.
    #[param(value_type = Option<String>, max_length = 35, example = "pl")]
    pub language: Option<Language>,
}

/// What a reader wants.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    asked: Option<Language>,
    revision: Option<i32>,
    /// What he reads as well, the best liked first.
    liked: Vec<Language>,
}

impl Wanted {
    /// From the request.
    ///
    /// # Errors
    /// 400 for a revision of no language.
    pub fn of(request: &HttpRequest, query: WordsQuery) -> Result<Self, Problem> {
        let WordsQuery { language, revision } = query;
        if revision.is_some() && language.is_none() {
            let message = "Say which language's revision this is.";
            return Err(Problem::new(Code::MalformedQuery).field("/revision", "language_missing", message));
        }
        Ok(Self { asked: language, revision, liked: accept::languages(request.headers()) })
    }

    /// As [`Wanted::of`], where only the language can be chosen.
    pub fn in_language(headers: &HeaderMap, language: Option<Language>) -> Self {
        Self { asked: language, revision: None, liked: accept::languages(headers) }
    }

    /// With a language that comes before what the headers say, unless the reader asked for one.
    pub fn or_rather(mut self, language: Option<Language>) -> Self {
        if let Some(language) = language {
            self.liked.insert(0, language);
        }
        self
    }

    /// What another instrument beside this one is shown in: it may have no words in that language.
    pub fn beside(&self) -> Self {
        let liked = self.asked.iter().chain(&self.liked).cloned().collect();
        Self { asked: None, revision: None, liked }
    }
}

/// A definition in some language.
pub struct InWords {
    pub definition: Arc<Definition>,
    /// The translation it was put into words with; none where the words are its own.
    pub translated: Option<Translated>,
}

/// In which words a definition is.
#[derive(Debug, Clone)]
pub struct Translated {
    pub language: Language,
    /// None where the words came along in the document.
    pub revision: Option<i32>,
}

impl InWords {
    /// Says in which language the answer is.
    pub fn name_language(&self, answer: &mut HttpResponseBuilder) {
        let language = self.definition.language().and_then(|tag| HeaderValue::from_str(tag).ok());
        if let Some(language) = language {
            answer.insert_header((CONTENT_LANGUAGE, language));
        }
    }
}

/// The instrument in the words that are wanted. The caller was found to see it before.
///
/// # Errors
/// 422 for a language or a revision that was asked for and is not there.
pub fn read(ctx: &mut Ctx<'_, '_>, id: InstrumentId, wanted: &Wanted) -> Result<InWords, Refusal> {
    let definition = ctx.app.definitions.get(ctx.db, id)?;
    let own = definition.language().and_then(|tag| tag.parse::<Language>().ok());
    if let (Some(language), Some(number)) = (&wanted.asked, wanted.revision) {
        let row = translation::revision(ctx.db, id, language, number)?;
        let row = row.ok_or_else(|| missing("/revision", "There is no such revision."))?;
        return Ok(put_into_words(&definition, language.clone(), Some(row)));
    }
    let asked: Vec<Language> = wanted.asked.iter().cloned().collect();
    let liked = if wanted.asked.is_some() { &asked } else { &wanted.liked };
    if liked.is_empty() {
        return Ok(InWords { definition, translated: None });
    }
    let found = best(liked, &there(ctx, id, &definition, own.as_ref())?).cloned();
    match found {
        Some(language) if Some(&language) != own.as_ref() => {
            let row = translation::newest(ctx.db, id, &language, Some(TranslationStatus::Published))?;
            Ok(put_into_words(&definition, language, row))
        }
        None if wanted.asked.is_some() => {
            Err(missing("/language", "The instrument has no words in this language that are published.")
                .into())
        }
        _ => Ok(InWords { definition, translated: None }),
    }
}

/// The languages an instrument has words in: its own, those of its translations, and those that came along.
fn there(
    ctx: &mut Ctx<'_, '_>,
    id: InstrumentId,
    definition: &Definition,
    own: Option<&Language>,
) -> Result<Vec<Language>, Refusal> {
    let mut there: Vec<Language> = own.into_iter().cloned().collect();
    there.extend(translation::languages(ctx.db, id)?);
    there.extend(definition.languages());
    Ok(there)
}

/// The language in which somebody says that the words were shown, as the instrument calls it. Where the instrument does not
/// say in which language it is, there is nothing to hold it against.
///
/// # Errors
/// 422 for one in which the instrument has no words that are published.
pub fn shown(
    ctx: &mut Ctx<'_, '_>,
    id: InstrumentId,
    definition: &Definition,
    said: Option<&Language>,
) -> Result<Option<Language>, Refusal> {
    let Some(said) = said else { return Ok(None) };
    let Some(own) = definition.language().and_then(|tag| tag.parse::<Language>().ok()) else {
        return Ok(Some(said.clone()));
    };
    let there = there(ctx, id, definition, Some(&own))?;
    match best(std::slice::from_ref(said), &there) {
        Some(language) => Ok(Some(language.clone())),
        None => {
            Err(missing("/language", "The instrument has no words in this language that are published.")
                .into())
        }
    }
}

fn missing(pointer: &'static str, message: &'static str) -> Problem {
    Problem::new(Code::Invalid).field(pointer, "no_translation", message)
}

fn put_into_words(definition: &Definition, language: Language, row: Option<Translation>) -> InWords {
    let revision = row.as_ref().map(|row| row.revision);
    let texts = row.map_or_else(Texts::default, |row| row.texts.0);
    let definition = Arc::new(definition.in_language(&language, &texts));
    InWords { definition, translated: Some(Translated { language, revision }) }
}
