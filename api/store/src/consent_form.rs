//! Consent forms: a version of the text in one language. Never changed: a new text is a new version.

use alongside_domain::consent::Statement;
use alongside_domain::id::{ConsentFormId, kind};
use diesel::prelude::*;

use crate::db::{Db, cols, exec, maybe};
use crate::error::{StoreError, Unique};
use crate::on_engine;
use crate::schema::consent_forms;
use crate::scope::Scope;
use crate::types::{At, Document, Key};

/// A version has one text in a language.
pub const VERSION: Unique = Unique {
    constraint: "consent_forms_version_unique",
    columns: "consent_forms.programme_id, consent_forms.doc_version, consent_forms.language",
};

/// What people are asked to agree to.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = consent_forms, treat_none_as_default_value = false)]
pub struct ConsentForm {
    pub id: Key<kind::ConsentForm>,
    pub programme_id: Key<kind::Programme>,
    pub doc_version: String,
    pub language: String,
    pub title: String,
    pub introduction: String,
    pub limits_of_confidentiality: String,
    pub statements: Document<Vec<Statement>>,
    pub created_at: At,
}

/// Adds a form.
///
/// # Errors
/// [`VERSION`] when there is a text of this version and language already.
pub fn insert(db: &mut Db<'_>, form: &ConsentForm) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(consent_forms::table).values(form))?;
    Ok(())
}

/// The form with this id, if its programme is in the caller's world.
///
/// # Errors
/// What the database says.
pub fn try_find(
    db: &mut Db<'_>,
    scope: &Scope,
    id: ConsentFormId,
) -> Result<Option<ConsentForm>, StoreError> {
    let form: Option<ConsentForm> =
        maybe(db, consent_forms::table.find(Key(id)).select(cols::<ConsentForm>()))?;
    Ok(form.filter(|form| scope.admits_programme(form.programme_id.0)))
}

/// As [`try_find`].
///
/// # Errors
/// [`StoreError::NotFound`] outside the caller's world.
pub fn find(db: &mut Db<'_>, scope: &Scope, id: ConsentFormId) -> Result<ConsentForm, StoreError> {
    try_find(db, scope, id)?.ok_or(StoreError::NotFound)
}

/// The forms of the caller's programme, by id.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    scope: &Scope,
    language: Option<&str>,
    after: Option<ConsentFormId>,
    limit: u32,
) -> Result<Vec<ConsentForm>, StoreError> {
    let Some(programme) = scope.programme() else { return Ok(Vec::new()) };
    Ok(on_engine!(db, Backend, conn => {
        let mut query = consent_forms::table
            .filter(consent_forms::programme_id.eq(Key(programme)))
            .select(cols::<ConsentForm>())
            .order(consent_forms::id)
            .limit(i64::from(limit))
            .into_boxed::<Backend>();
        if let Some(language) = language {
            query = query.filter(consent_forms::language.eq(language.to_owned()));
        }
        if let Some(after) = after {
            query = query.filter(consent_forms::id.gt(Key(after)));
        }
        query.load::<ConsentForm>(conn)
    })?)
}
