//! Sites of a programme.

use alongside_domain::id::{ProgrammeId, SiteId, kind};
use alongside_domain::site::{SafeguardingContact, SiteKind};
use diesel::prelude::*;

use crate::db::{Db, cols, exec, maybe, rewrite};
use crate::error::{StoreError, Unique};
use crate::on_engine;
use crate::schema::sites;
use crate::scope::{Reach, Scope};
use crate::types::{At, Code, Document, Key};

/// A code names one site of a programme.
pub const CODE: Unique =
    Unique { constraint: "sites_programme_code_unique", columns: "sites.programme_id, sites.code" };

/// A practice, a hospital or another place.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = sites, treat_none_as_default_value = false)]
pub struct Site {
    pub id: Key<kind::Site>,
    pub programme_id: Key<kind::Programme>,
    pub code: String,
    pub name: String,
    pub kind: Code<SiteKind>,
    pub ods_code: Option<String>,
    pub local_authority: Option<String>,
    pub safeguarding_contact: Option<Document<SafeguardingContact>>,
    pub created_at: At,
    pub updated_at: At,
    pub version: i64,
}

/// Adds a site.
///
/// # Errors
/// [`CODE`] when the code is taken; [`StoreError::NotFound`] when the programme is outside the caller's world.
pub fn insert(db: &mut Db<'_>, scope: &Scope, site: &Site) -> Result<(), StoreError> {
    if !scope.admits_programme(site.programme_id.0) {
        return Err(StoreError::NotFound);
    }
    exec(db, diesel::insert_into(sites::table).values(site))?;
    Ok(())
}

/// The site with this id, if its programme is in the caller's world.
///
/// # Errors
/// What the database says.
pub fn try_find(db: &mut Db<'_>, scope: &Scope, id: SiteId) -> Result<Option<Site>, StoreError> {
    let site: Option<Site> = maybe(db, sites::table.find(Key(id)).select(cols::<Site>()))?;
    Ok(site.filter(|site| scope.admits_programme(site.programme_id.0)))
}

/// As [`try_find`].
///
/// # Errors
/// [`StoreError::NotFound`] outside the caller's world.
pub fn find(db: &mut Db<'_>, scope: &Scope, id: SiteId) -> Result<Site, StoreError> {
    try_find(db, scope, id)?.ok_or(StoreError::NotFound)
}

/// Whether the site is one of this programme's: for ids that come in a body.
///
/// # Errors
/// What the database says.
pub fn is_in(db: &mut Db<'_>, programme: ProgrammeId, id: SiteId) -> Result<bool, StoreError> {
    let of = maybe(db, sites::table.find(Key(id)).select(sites::programme_id))?;
    Ok(of == Some(Key(programme)))
}

/// Sites of the caller's world, by id; of one programme where one is named.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    scope: &Scope,
    of: Option<ProgrammeId>,
    after: Option<SiteId>,
    limit: u32,
) -> Result<Vec<Site>, StoreError> {
    let only = match (&scope.reach, scope.programme()) {
        (Reach::Installation, _) => of,
        (_, Some(own)) if of.is_none_or(|of| of == own) => Some(own),
        _ => return Ok(Vec::new()),
    };
    Ok(on_engine!(db, Backend, conn => {
        let mut query = sites::table
            .select(cols::<Site>())
            .order(sites::id)
            .limit(i64::from(limit))
            .into_boxed::<Backend>();
        if let Some(programme) = only {
            query = query.filter(sites::programme_id.eq(Key(programme)));
        }
        if let Some(after) = after {
            query = query.filter(sites::id.gt(Key(after)));
        }
        query.load::<Site>(conn)
    })?)
}

/// Writes what may change of a site, if nobody changed it since it was read.
///
/// # Errors
/// [`StoreError::Stale`] when somebody did; [`StoreError::NotFound`] outside the caller's world.
pub fn save(db: &mut Db<'_>, scope: &Scope, site: &Site) -> Result<(), StoreError> {
    if !scope.admits_programme(site.programme_id.0) {
        return Err(StoreError::NotFound);
    }
    let changed = rewrite(
        db,
        diesel::update(sites::table.find(site.id).filter(sites::version.eq(site.version))).set((
            sites::name.eq(&site.name),
            sites::kind.eq(site.kind),
            sites::ods_code.eq(&site.ods_code),
            sites::local_authority.eq(&site.local_authority),
            sites::safeguarding_contact.eq(&site.safeguarding_contact),
            sites::updated_at.eq(site.updated_at),
            sites::version.eq(site.version + 1),
        )),
    )?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}
