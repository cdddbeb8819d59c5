//! Signposts of a programme: where its people can turn to nearby.

use alongside_domain::care_plan;
use alongside_domain::id::{ParticipantId, ProgrammeId, SignpostId, SiteId, kind};
use alongside_domain::signpost::{Local, speaks};
use chrono::NaiveDate;
use diesel::prelude::*;

use crate::db::{Db, cols, exec, many, maybe, one, rewrite};
use crate::error::StoreError;
use crate::on_engine;
use crate::schema::{participants, signposts};
use crate::scope::{Reach, Scope};
use crate::types::{At, Document, Key};

/// Most signposts that are looked through when a plan is drafted.
const MOST_NEARBY: i64 = 500;

/// Where to turn to, with what for, and until when it was checked.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = signposts, treat_none_as_default_value = false)]
pub struct Signpost {
    pub id: Key<kind::Signpost>,
    pub programme_id: Key<kind::Programme>,
    /// The site whose people it is for; none for everybody of the programme.
    pub site_id: Option<Key<kind::Site>>,
    /// The district or town it serves; none where it serves everywhere.
    pub area: Option<String>,
    pub title: String,
    pub description: String,
    pub phone: Option<String>,
    pub url: Option<String>,
    pub address: Option<String>,
    pub opening: Option<String>,
    pub leaflet: Option<String>,
    pub languages: Document<Vec<String>>,
    pub concern_codes: Document<Vec<String>>,
    pub owner_id: Key<kind::Person>,
    pub review_due: NaiveDate,
    pub reviewed_at: Option<At>,
    pub reviewed_by: Option<Key<kind::Person>>,
    pub retired_at: Option<At>,
    pub created_at: At,
    pub updated_at: At,
    pub version: i64,
}

impl Signpost {
    /// As it goes into a plan.
    #[must_use]
    pub fn as_printed(&self) -> care_plan::Signpost {
        care_plan::Signpost {
            id: Some(self.id.0),
            title: self.title.clone(),
            phone: self.phone.clone(),
            url: self.url.clone(),
            note: self.description.clone(),
        }
    }

    /// Whether a caller who reaches this far may change it: what is for a whole programme is changed by those who
    /// work for the whole of it.
    #[must_use]
    pub fn is_changed_from(&self, scope: &Scope) -> bool {
        match (&scope.reach, self.site_id) {
            (Reach::Programme(programme), _) => *programme == self.programme_id.0,
            (Reach::Sites(programme, sites), Some(site)) => {
                *programme == self.programme_id.0 && sites.contains(&site.0)
            }
            _ => false,
        }
    }
}

/// Which signposts are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Those for this site, and those for all.
    pub site: Option<SiteId>,
    /// Those that serve this area, and those that serve everywhere.
    pub area: Option<String>,
    /// Those that are offered in this language; those that say nothing of languages are.
    pub language: Option<String>,
    /// Those that help with this concern, or with its section.
    pub concern: Option<String>,
    /// Those whose review was due before this day.
    pub due_before: Option<NaiveDate>,
    pub with_retired: bool,
}

/// Adds a signpost.
///
/// # Errors
/// [`StoreError::NotFound`] when the caller may not.
pub fn insert(db: &mut Db<'_>, scope: &Scope, row: &Signpost) -> Result<(), StoreError> {
    if !row.is_changed_from(scope) {
        return Err(StoreError::NotFound);
    }
    exec(db, diesel::insert_into(signposts::table).values(row))?;
    Ok(())
}

/// The signpost with this id, if it is one of the caller's programme.
///
/// # Errors
/// What the database says.
pub fn try_find(db: &mut Db<'_>, scope: &Scope, id: SignpostId) -> Result<Option<Signpost>, StoreError> {
    let row: Option<Signpost> = maybe(db, signposts::table.find(Key(id)).select(cols::<Signpost>()))?;
    Ok(row.filter(|row| scope.admits_programme(row.programme_id.0)))
}

/// As [`try_find`].
///
/// # Errors
/// [`StoreError::NotFound`] outside the caller's programme.
pub fn find(db: &mut Db<'_>, scope: &Scope, id: SignpostId) -> Result<Signpost, StoreError> {
    try_find(db, scope, id)?.ok_or(StoreError::NotFound)
}

/// As [`find`], for who wants to change it.
///
/// # Errors
/// [`StoreError::NotFound`] where the caller may not change it.
pub fn find_to_change(db: &mut Db<'_>, scope: &Scope, id: SignpostId) -> Result<Signpost, StoreError> {
    try_find(db, scope, id)?.filter(|row| row.is_changed_from(scope)).ok_or(StoreError::NotFound)
}

/// The signpost that an action or a closure of this programme names, where it is in use.
///
/// # Errors
/// What the database says.
pub fn in_use(
    db: &mut Db<'_>,
    programme: ProgrammeId,
    id: SignpostId,
) -> Result<Option<care_plan::Signpost>, StoreError> {
    let row: Option<Signpost> = maybe(db, signposts::table.find(Key(id)).select(cols::<Signpost>()))?;
    let row = row.filter(|row| row.programme_id.0 == programme && row.retired_at.is_none());
    Ok(row.map(|row| row.as_printed()))
}

/// The signposts of the caller's programme, by id.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    scope: &Scope,
    filter: &Filter,
    after: Option<SignpostId>,
    limit: u32,
) -> Result<Vec<Signpost>, StoreError> {
    let Some(programme) = scope.programme() else { return Ok(Vec::new()) };
    Ok(on_engine!(db, Backend, conn => {
        let mut query = signposts::table
            .select(cols::<Signpost>())
            .filter(signposts::programme_id.eq(Key(programme)))
            .order(signposts::id)
            .limit(i64::from(limit))
            .into_boxed::<Backend>();
        if let Some(site) = filter.site {
            query = query.filter(signposts::site_id.is_null().or(signposts::site_id.eq(Some(Key(site)))));
        }
        if let Some(area) = &filter.area {
            query = query.filter(signposts::area.is_null().or(signposts::area.eq(Some(area.clone()))));
        }
        if let Some(language) = &filter.language {
            let primary = language.split('-').next().unwrap_or_default().to_ascii_lowercase();
            query = query.filter(
                signposts::languages
                    .eq("[]")
                    .or(signposts::languages.like(format!("%\"{primary}\"%")))
                    .or(signposts::languages.like(format!("%\"{primary}-%"))),
            );
        }
        if let Some(concern) = &filter.concern {
            let section = concern.split('.').next().unwrap_or_default();
            query = query.filter(
                signposts::concern_codes
                    .like(format!("%\"{}\"%", literal(concern)))
                    .escape('!')
                    .or(signposts::concern_codes.like(format!("%\"{}\"%", literal(section))).escape('!')),
            );
        }
        if let Some(day) = filter.due_before {
            query = query.filter(signposts::review_due.lt(day));
        }
        if !filter.with_retired {
            query = query.filter(signposts::retired_at.is_null());
        }
        if let Some(after) = after {
            query = query.filter(signposts::id.gt(Key(after)));
        }
        query.load::<Signpost>(conn)
    })?)
}

/// A text that means itself in a pattern.
fn literal(text: &str) -> String {
    text.replace('!', "!!").replace('_', "!_").replace('%', "!%")
}

/// What can be proposed to this participant: in use, checked in time, for his site or for all, in his language.
///
/// # Errors
/// What the database says.
pub fn nearby(
    db: &mut Db<'_>,
    site: SiteId,
    participant: ParticipantId,
    today: NaiveDate,
) -> Result<Vec<Local>, StoreError> {
    let of = participants::table
        .find(Key(participant))
        .select((participants::programme_id, participants::language));
    let (programme, language): (Key<kind::Programme>, String) = one(db, of)?;
    let query = signposts::table
        .filter(signposts::programme_id.eq(programme))
        .filter(signposts::site_id.is_null().or(signposts::site_id.eq(Some(Key(site)))))
        .filter(signposts::retired_at.is_null())
        .filter(signposts::review_due.ge(today))
        .order(signposts::id)
        .limit(MOST_NEARBY)
        .select(cols::<Signpost>());
    let rows: Vec<Signpost> = many(db, query)?;
    let fit = rows.into_iter().filter(|row| speaks(&row.languages.0, &language));
    Ok(fit.map(|row| Local { sign: row.as_printed(), codes: row.concern_codes.0 }).collect())
}

/// Writes what may change of a signpost, if nobody changed it since it was read.
///
/// # Errors
/// [`StoreError::Stale`] when somebody did; [`StoreError::NotFound`] where the caller may not change it.
pub fn save(db: &mut Db<'_>, scope: &Scope, row: &Signpost) -> Result<(), StoreError> {
    if !row.is_changed_from(scope) {
        return Err(StoreError::NotFound);
    }
    let changed = rewrite(
        db,
        diesel::update(signposts::table.find(row.id).filter(signposts::version.eq(row.version))).set((
            signposts::area.eq(&row.area),
            signposts::title.eq(&row.title),
            signposts::description.eq(&row.description),
            signposts::phone.eq(&row.phone),
            signposts::url.eq(&row.url),
            signposts::address.eq(&row.address),
            signposts::opening.eq(&row.opening),
            signposts::leaflet.eq(&row.leaflet),
            signposts::languages.eq(&row.languages),
            signposts::concern_codes.eq(&row.concern_codes),
            signposts::owner_id.eq(row.owner_id),
            signposts::review_due.eq(row.review_due),
            signposts::reviewed_at.eq(row.reviewed_at),
            signposts::reviewed_by.eq(row.reviewed_by),
            signposts::retired_at.eq(row.retired_at),
            signposts::updated_at.eq(row.updated_at),
            signposts::version.eq(row.version + 1),
        )),
    )?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}
