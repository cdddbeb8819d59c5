//! Translations: the words of an instrument in other languages, revision after revision. A revision never changes.

use alongside_domain::id::{InstrumentId, TranslationId, kind};
use alongside_domain::instrument::{Texts, TranslationStatus};
use alongside_domain::language::Language;
use diesel::prelude::*;

use crate::db::{Db, cols, exec, many, maybe, rewrite};
use crate::error::{StoreError, Unique};
use crate::on_engine;
use crate::schema::translations;
use crate::types::{At, Code, Document, Key};

/// A revision is kept once.
pub const REVISION: Unique = Unique {
    constraint: "translations_revision_unique",
    columns: "translations.instrument_id, translations.language, translations.revision",
};

/// A revision of a translation.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = translations, treat_none_as_default_value = false)]
pub struct Translation {
    pub id: Key<kind::Translation>,
    pub instrument_id: Key<kind::Instrument>,
    pub language: String,
    /// Counted from 1 in each language.
    pub revision: i32,
    pub status: Code<TranslationStatus>,
    pub texts: Document<Texts>,
    pub created_by: Option<Key<kind::Person>>,
    pub created_at: At,
    pub published_by: Option<Key<kind::Person>>,
    pub published_at: Option<At>,
}

/// Adds a revision.
///
/// # Errors
/// [`REVISION`] when somebody else has added it meanwhile.
pub fn insert(db: &mut Db<'_>, translation: &Translation) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(translations::table).values(translation))?;
    Ok(())
}

/// The newest revision in a language, in any state or in one. The caller has found the instrument in his world before;
/// the same holds for all that follows.
///
/// # Errors
/// What the database says.
pub fn newest(
    db: &mut Db<'_>,
    instrument: InstrumentId,
    language: &Language,
    status: Option<TranslationStatus>,
) -> Result<Option<Translation>, StoreError> {
    Ok(on_engine!(db, Backend, conn => {
        let mut query = translations::table
            .filter(translations::instrument_id.eq(Key(instrument)))
            .filter(translations::language.eq(language.as_str()))
            .select(cols::<Translation>())
            .order(translations::revision.desc())
            .limit(1)
            .into_boxed::<Backend>();
        if let Some(status) = status {
            query = query.filter(translations::status.eq(Code(status)));
        }
        query.get_result::<Translation>(conn).optional()
    })?)
}

/// One revision in a language.
///
/// # Errors
/// What the database says.
pub fn revision(
    db: &mut Db<'_>,
    instrument: InstrumentId,
    language: &Language,
    revision: i32,
) -> Result<Option<Translation>, StoreError> {
    Ok(maybe(
        db,
        translations::table
            .filter(translations::instrument_id.eq(Key(instrument)))
            .filter(translations::language.eq(language.as_str()))
            .filter(translations::revision.eq(revision))
            .select(cols::<Translation>()),
    )?)
}

/// The languages in which people can be asked.
///
/// # Errors
/// What the database says.
pub fn languages(db: &mut Db<'_>, instrument: InstrumentId) -> Result<Vec<Language>, StoreError> {
    let tags: Vec<String> = many(
        db,
        translations::table
            .filter(translations::instrument_id.eq(Key(instrument)))
            .filter(translations::status.eq(Code(TranslationStatus::Published)))
            .select(translations::language)
            .distinct(),
    )?;
    let mut languages: Vec<Language> = tags.iter().filter_map(|tag| tag.parse().ok()).collect();
    languages.sort_unstable();
    Ok(languages)
}

/// Writes that a revision is published, if nobody else has published it.
///
/// # Errors
/// [`StoreError::Collision`] when somebody has.
pub fn publish(db: &mut Db<'_>, translation: &Translation) -> Result<(), StoreError> {
    let update = diesel::update(
        translations::table
            .find(translation.id)
            .filter(translations::status.eq(Code(TranslationStatus::Draft))),
    )
    .set((
        translations::status.eq(translation.status),
        translations::published_by.eq(translation.published_by),
        translations::published_at.eq(translation.published_at),
    ));
    if rewrite(db, update)? == 1 { Ok(()) } else { Err(StoreError::Collision) }
}

/// The revisions of an instrument in all languages, by id.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    instrument: InstrumentId,
    after: Option<TranslationId>,
    limit: u32,
) -> Result<Vec<Translation>, StoreError> {
    let after = after.unwrap_or_else(|| TranslationId::new(uuid::Uuid::nil()));
    Ok(many(
        db,
        translations::table
            .filter(translations::instrument_id.eq(Key(instrument)))
            .filter(translations::id.gt(Key(after)))
            .select(cols::<Translation>())
            .order(translations::id)
            .limit(i64::from(limit)),
    )?)
}
