//! What every programme starts with: the consent form and the instruments that ship.

use alongside_domain::clock::Timestamp;
use alongside_domain::content;
use alongside_domain::id::{ConsentFormId, InstrumentId, ProgrammeId, kind};
use alongside_domain::instrument::{InstrumentStatus, may_be_used};
use diesel::prelude::*;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::db::{Db, exec};
use crate::error::StoreError;
use crate::schema::{consent_forms, instruments};
use crate::types::{At, Code, Key};

/// Puts the content that ships into a new programme. `fresh` gives the ids.
///
/// # Errors
/// What the database says; in particular a unique rule, when the programme has the content already.
pub fn install(
    db: &mut Db<'_>,
    programme: ProgrammeId,
    fresh: &mut dyn FnMut() -> Uuid,
    now: Timestamp,
) -> Result<(), StoreError> {
    let form = content::consent_form();
    let statements: Vec<_> = form
        .statements
        .iter()
        .map(|s| serde_json::json!({"code": s.code, "text": s.text, "required": s.required}))
        .collect();
    let row = (
        consent_forms::id.eq(Key(ConsentFormId::new(fresh()))),
        consent_forms::programme_id.eq(Key(programme)),
        consent_forms::doc_version.eq(&form.doc_version),
        consent_forms::language.eq(&form.language),
        consent_forms::title.eq(&form.title),
        consent_forms::introduction.eq(&form.introduction),
        consent_forms::limits_of_confidentiality.eq(&form.limits_of_confidentiality),
        consent_forms::statements.eq(serde_json::to_string(&statements)?),
        consent_forms::created_at.eq(At(now)),
    );
    exec(db, diesel::insert_into(consent_forms::table).values(row))?;
    for shipped in content::instruments() {
        let definition = &shipped.definition;
        // What is free to use can be used at once; the rest waits for an agreement, and for its wording.
        let is_ready = may_be_used(definition, false).is_ok();
        let row = (
            instruments::id.eq(Key(InstrumentId::new(fresh()))),
            instruments::programme_id.eq(Key(programme)),
            instruments::url.eq(&shipped.url),
            instruments::version.eq(&shipped.version),
            instruments::name.eq(&shipped.name),
            instruments::title.eq(&shipped.title),
            instruments::kind.eq(Code(definition.kind())),
            instruments::language.eq(definition.language().unwrap_or("en-GB")),
            instruments::licence.eq(Code(shipped.licence)),
            instruments::item_count.eq(i32::try_from(definition.items().count()).unwrap_or(i32::MAX)),
            instruments::definition.eq(shipped.source),
            instruments::definition_sha256.eq(Sha256::digest(shipped.source.as_bytes()).to_vec()),
            instruments::warnings.eq("[]"),
            instruments::status.eq(Code(if is_ready {
                InstrumentStatus::Active
            } else {
                InstrumentStatus::Draft
            })),
            instruments::activated_at.eq(is_ready.then_some(At(now))),
            instruments::created_by.eq(None::<Key<kind::Person>>),
            instruments::created_at.eq(At(now)),
        );
        exec(db, diesel::insert_into(instruments::table).values(row))?;
    }
    Ok(())
}
