//! Assessments: one participant, one version of an instrument, one point in time.

use alongside_domain::assessment::{Channel, ConcernBrief, Status};
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{AssessmentId, ParticipantId, kind};
use alongside_domain::provenance::Provenance;
use diesel::prelude::*;
use serde::Serialize;

use crate::db::{Db, cols, exec, maybe, one, rewrite};
use crate::error::StoreError;
use crate::on_engine;
use crate::schema::{assessments, assignments, participants};
use crate::scope::{Anchor, Reach, Scope};
use crate::types::{At, Code, Document, Key};

/// An assessment.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = assessments, treat_none_as_default_value = false)]
pub struct Assessment {
    pub id: Key<kind::Assessment>,
    pub programme_id: Key<kind::Programme>,
    pub site_id: Key<kind::Site>,
    pub participant_id: Key<kind::Participant>,
    pub instrument_id: Key<kind::Instrument>,
    pub time_point: String,
    pub status: Code<Status>,
    pub channel: Code<Channel>,
    pub location: Option<String>,
    /// The number of the newest answer; 0 before the first.
    pub last_seq: i64,
    pub started_at: At,
    pub submitted_at: Option<At>,
    /// A person, or a service client.
    pub submitted_by: Option<Key<kind::AuditEvent>>,
    pub abandoned_at: Option<At>,
    /// Why it was abandoned.
    pub end_reason: Option<String>,
    /// The scores as the engine wrote them.
    pub scores: Option<Document<serde_json::Value>>,
    pub concerns: Option<Document<Vec<ConcernBrief>>>,
    pub provenance: Option<Document<Provenance>>,
    /// A person, or a service client.
    pub created_by: Key<kind::AuditEvent>,
    pub created_at: At,
    pub updated_at: At,
    /// Grows with everything that belongs to the assessment, its sessions included.
    pub version: i64,
}

impl Assessment {
    #[must_use]
    pub fn anchor(&self) -> Anchor {
        Anchor {
            programme_id: self.programme_id.0,
            site_id: self.site_id.0,
            participant_id: self.participant_id.0,
        }
    }
}

/// Adds an assessment. Whether participant and instrument are the caller's to use is decided before.
///
/// # Errors
/// What the database says.
pub fn insert(db: &mut Db<'_>, assessment: &Assessment) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(assessments::table).values(assessment))?;
    Ok(())
}

/// The assessment with this id, if it is in the caller's world.
///
/// # Errors
/// What the database says.
pub fn try_find(db: &mut Db<'_>, scope: &Scope, id: AssessmentId) -> Result<Option<Assessment>, StoreError> {
    let row: Option<Assessment> = maybe(db, assessments::table.find(Key(id)).select(cols::<Assessment>()))?;
    let Some(row) = row else { return Ok(None) };
    Ok(if scope.admits(db, row.anchor())? { Some(row) } else { None })
}

/// As [`try_find`].
///
/// # Errors
/// [`StoreError::NotFound`] outside the caller's world.
pub fn find(db: &mut Db<'_>, scope: &Scope, id: AssessmentId) -> Result<Assessment, StoreError> {
    try_find(db, scope, id)?.ok_or(StoreError::NotFound)
}

/// Where the participant of an assessment stands now.
///
/// # Errors
/// What the database says.
pub fn participant_status(
    db: &mut Db<'_>,
    id: ParticipantId,
) -> Result<alongside_domain::participant::Status, StoreError> {
    let status: Code<_> = one(db, participants::table.find(Key(id)).select(participants::status))?;
    Ok(status.0)
}

/// Which assessments a list shows.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Filter {
    pub participant_id: Option<ParticipantId>,
    pub status: Option<Status>,
}

/// Assessments of the caller's world, by id.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    scope: &Scope,
    filter: &Filter,
    after: Option<AssessmentId>,
    limit: u32,
) -> Result<Vec<Assessment>, StoreError> {
    Ok(on_engine!(db, Backend, conn => {
        let mut query = assessments::table
            .select(cols::<Assessment>())
            .order(assessments::id)
            .limit(i64::from(limit))
            .into_boxed::<Backend>();
        query = match &scope.reach {
            Reach::Programme(programme) => query.filter(assessments::programme_id.eq(Key(*programme))),
            Reach::Sites(programme, sites) => {
                let sites: Vec<_> = sites.iter().map(|site| Key(*site)).collect();
                query
                    .filter(assessments::programme_id.eq(Key(*programme)))
                    .filter(assessments::site_id.eq_any(sites))
            }
            Reach::SitesAndOne(programme, sites, one) => {
                let sites: Vec<_> = sites.iter().map(|site| Key(*site)).collect();
                query
                    .filter(assessments::programme_id.eq(Key(*programme)))
                    .filter(assessments::site_id.eq_any(sites).or(assessments::participant_id.eq(Key(*one))))
            }
            Reach::Caseload(programme, supporter) => {
                let helped = assignments::table
                    .inner_join(participants::table.on(participants::id.eq(assignments::participant_id)))
                    .filter(assignments::supporter_id.eq(Key(*supporter)))
                    .filter(assignments::state.eq("active"))
                    .filter(participants::supporter_contact_allowed.eq(true))
                    .select(assignments::participant_id);
                query
                    .filter(assessments::programme_id.eq(Key(*programme)))
                    .filter(assessments::participant_id.eq_any(helped))
            }
            Reach::Participant(programme, own) => query
                .filter(assessments::programme_id.eq(Key(*programme)))
                .filter(assessments::participant_id.eq(Key(*own))),
            Reach::Installation | Reach::Person(..) | Reach::StandIn(..) | Reach::Nothing => return Ok(Vec::new()),
        };
        if let Some(participant) = filter.participant_id {
            query = query.filter(assessments::participant_id.eq(Key(participant)));
        }
        if let Some(status) = filter.status {
            query = query.filter(assessments::status.eq(Code(status)));
        }
        if let Some(after) = after {
            query = query.filter(assessments::id.gt(Key(after)));
        }
        query.load::<Assessment>(conn)
    })?)
}

/// Writes what may change of an assessment, if nobody changed it since it was read, and answers it as it is now.
///
/// A save that lost against another is done again as a whole, on what the other left: nobody has to be told.
///
/// # Errors
/// [`StoreError::Collision`] when somebody did.
pub fn save(db: &mut Db<'_>, mut assessment: Assessment, now: Timestamp) -> Result<Assessment, StoreError> {
    let before = assessment.version;
    assessment.version += 1;
    assessment.updated_at = At(now);
    let changed = rewrite(
        db,
        diesel::update(assessments::table.find(assessment.id).filter(assessments::version.eq(before))).set((
            assessments::status.eq(assessment.status),
            assessments::last_seq.eq(assessment.last_seq),
            assessments::submitted_at.eq(assessment.submitted_at),
            assessments::submitted_by.eq(assessment.submitted_by),
            assessments::abandoned_at.eq(assessment.abandoned_at),
            assessments::end_reason.eq(&assessment.end_reason),
            assessments::scores.eq(&assessment.scores),
            assessments::concerns.eq(&assessment.concerns),
            assessments::provenance.eq(&assessment.provenance),
            assessments::updated_at.eq(assessment.updated_at),
            assessments::version.eq(assessment.version),
        )),
    )?;
    if changed == 1 { Ok(assessment) } else { Err(StoreError::Collision) }
}
