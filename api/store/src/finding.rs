//! Findings: what alert rules found. Kept once for each rule and assessment, in the transaction of the answer.

use alongside_domain::clock::Timestamp;
use alongside_domain::finding::{Audience, Detail};
use alongside_domain::id::{AssessmentId, FindingId, kind};
use alongside_domain::instrument::Tier;
use diesel::prelude::*;

use crate::assessment::Assessment;
use crate::db::{Db, cols, many, rewrite};
use crate::error::StoreError;
use crate::schema::findings;
use crate::sealing::{DataClass, Place, RecordKeys};
use crate::types::{At, Code, Key, Sealed};

/// A finding with its detail still sealed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = findings, treat_none_as_default_value = false)]
pub struct Finding {
    pub id: Key<kind::Finding>,
    pub programme_id: Key<kind::Programme>,
    pub participant_id: Key<kind::Participant>,
    pub assessment_id: Key<kind::Assessment>,
    pub instrument_id: Key<kind::Instrument>,
    /// The code of the rule.
    pub rule: String,
    pub tier: Code<Tier>,
    pub audience: Code<Audience>,
    /// The newest answer when it was found.
    pub seq: i64,
    pub detail: Sealed,
    pub found_at: At,
}

impl Finding {
    /// What was seen and what it means.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn detail(&self, keys: &RecordKeys) -> Result<Detail, StoreError> {
        keys.open(place(self.id.0, self.audience.0), &self.detail)
    }
}

/// What is for the safeguarding leads alone is sealed as they are.
fn place(finding: FindingId, audience: Audience) -> Place {
    let class = match audience {
        Audience::Safeguarding => DataClass::Safeguarding,
        Audience::Clinical | Audience::Shared => DataClass::Health,
    };
    Place { class, table: "findings", column: "detail", row: finding.uuid() }
}

/// A finding about to be kept.
#[derive(Debug, Clone)]
pub struct New<'a> {
    pub id: FindingId,
    pub rule: &'a str,
    pub tier: Tier,
    pub audience: Audience,
    pub detail: Detail,
}

/// Keeps what was found with an answer. What its rule has found in this assessment before stays as it is.
///
/// # Errors
/// What the database says.
pub fn record(
    db: &mut Db<'_>,
    keys: &RecordKeys,
    assessment: &Assessment,
    new: &[New<'_>],
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows: Vec<Finding> =
        new.iter().map(|new| row(keys, assessment, new, now)).collect::<Result<_, _>>()?;
    match db {
        // One round trip for all.
        Db::Pg(connection) => {
            diesel::insert_into(findings::table)
                .values(&rows)
                .on_conflict((findings::assessment_id, findings::rule))
                .do_nothing()
                .execute(*connection)?;
        }
        Db::Sqlite(_) => {
            for row in &rows {
                let insert = diesel::insert_into(findings::table)
                    .values(row)
                    .on_conflict((findings::assessment_id, findings::rule))
                    .do_nothing();
                rewrite(db, insert)?;
            }
        }
    }
    Ok(())
}

fn row(
    keys: &RecordKeys,
    assessment: &Assessment,
    new: &New<'_>,
    now: Timestamp,
) -> Result<Finding, StoreError> {
    Ok(Finding {
        id: Key(new.id),
        programme_id: assessment.programme_id,
        participant_id: assessment.participant_id,
        assessment_id: assessment.id,
        instrument_id: assessment.instrument_id,
        rule: new.rule.to_owned(),
        tier: Code(new.tier),
        audience: Code(new.audience),
        seq: assessment.last_seq,
        detail: keys.seal(place(new.id, new.audience), &new.detail)?,
        found_at: At(now),
    })
}

/// The findings of an assessment that these audiences may see, by id. Whether the caller may see the assessment is
/// decided before.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    assessment: AssessmentId,
    seen: [Audience; 2],
    after: Option<FindingId>,
    limit: u32,
) -> Result<Vec<Finding>, StoreError> {
    let [one, other] = seen;
    let after = after.unwrap_or_else(|| FindingId::new(uuid::Uuid::nil()));
    Ok(many(
        db,
        findings::table
            .filter(findings::assessment_id.eq(Key(assessment)))
            .filter(findings::audience.eq(Code(one)).or(findings::audience.eq(Code(other))))
            .filter(findings::id.gt(Key(after)))
            .order(findings::id)
            .limit(i64::from(limit))
            .select(cols::<Finding>()),
    )?)
}
