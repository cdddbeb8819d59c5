//! What is shown of a rights request, and to whom how much of it.

use alongside_domain::id::{ParticipantId, PersonId, ProgrammeId, RightsRequestId};
use alongside_domain::policy::Role;
use alongside_domain::rights_request::due::Clock;
use alongside_domain::rights_request::{Channel, Handover, Kind, RIGHT_TO_COMPLAIN, State, Step, StepRecord};
use alongside_domain::working_day::{Region, local_day};
use alongside_store::programme::Programme;
use alongside_store::rights_request::RightsRequest;
use alongside_store::{access_report, processing_restriction, programme, rights_request_step};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{Ctx, Refusal};

/// A rights request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5ea0", "programme_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71",
    "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e80", "kind": "access", "state": "received",
    "possible_steps": ["identity_check", "refusal", "pause", "extension"], "channel": "letter",
    "asked": "Everything you have about me.", "on_behalf": null, "received_on": "2026-11-02", "due_on": "2026-12-02",
    "overdue": false, "paused_on": null, "paused_days": 0, "extended": false, "closed_at": null,
    "taken_by": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e70", "steps": [], "report_expires_at": null,
    "restriction_in_force": null, "right_to_complain": null, "version": 1,
    "created_at": "2026-11-02T09:30:00Z", "updated_at": "2026-11-02T09:30:00Z"
}))]
pub struct RightsRequestView {
    id: RightsRequestId,
    programme_id: ProgrammeId,
    participant_id: ParticipantId,
    kind: Kind,
    state: State,
    /// What can be done with it now.
    #[schema(max_items = 10)]
    possible_steps: Vec<Step>,
    channel: Channel,
    /// What is asked, in his words; null for those who see how far it is alone.
    #[schema(max_length = 4000)]
    asked: Option<String>,
    /// Who asks on his behalf, and by what right.
    #[schema(max_length = 500)]
    on_behalf: Option<String>,
    received_on: NaiveDate,
    /// The last day on which the answer is in time. While the clock stands it moves on with every day.
    due_on: NaiveDate,
    /// The last day has passed, and the clock runs.
    overdue: bool,
    /// Since when the clock stands.
    paused_on: Option<NaiveDate>,
    /// For how many days it stood before.
    #[schema(minimum = 0, maximum = 100_000)]
    paused_days: i64,
    extended: bool,
    closed_at: Option<DateTime<Utc>>,
    /// Who wrote it down: he himself, or whoever took it.
    taken_by: PersonId,
    /// What was done so far, in order.
    #[schema(max_items = 200)]
    steps: Vec<RightsStepView>,
    /// Until when the report can be fetched; null where there is none.
    report_expires_at: Option<DateTime<Utc>>,
    /// Whether the restriction that came of it is in force; null where none came of it.
    restriction_in_force: Option<bool>,
    /// What whoever is refused can do.
    #[schema(max_length = 1000)]
    right_to_complain: Option<&'static str>,
    /// What `If-Match` wants to hear, without its quotes.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// One step.
#[derive(Debug, Serialize, ToSchema)]
pub struct RightsStepView {
    step: Step,
    /// In which role it was taken.
    done_as: Role,
    done_by: PersonId,
    done_at: DateTime<Utc>,
    /// What was noted; null for those who do not see it.
    record: Option<StepRecord>,
}

/// Whether this role sees what was noted of a step. What goes out is decided by two who look for different things: what
/// the one found is not the other's, and a step of the other looks the same whatever was found.
fn sees(role: Role, step: Step, done_as: Role) -> bool {
    match (role, step) {
        (Role::PrivacyOfficer | Role::SafeguardingLead, Step::Redaction) => role == done_as,
        (Role::PrivacyOfficer, _) => true,
        // What he was asked and told. The rest is the office's own.
        (Role::Participant, _) => matches!(
            step,
            Step::Pause
                | Step::Resumption
                | Step::Extension
                | Step::Refusal
                | Step::Fulfilment
                | Step::Lifting
        ),
        _ => false,
    }
}

/// Whether the caller gets the report here: the participant only where it was to be in his own account, for others may use
/// that.
///
/// # Errors
/// What the database says, or that a cell does not open.
pub(super) fn is_handed_to(ctx: &mut Ctx<'_, '_>, row: &RightsRequest) -> Result<bool, Refusal> {
    if ctx.caller.role != Role::Participant {
        return Ok(true);
    }
    let keys = ctx.keys_of(row.participant_id.0)?;
    for step in rights_request_step::list(ctx.db, row)? {
        if step.step.0 == Step::Fulfilment {
            return Ok(step.record(&keys)?.handover == Some(Handover::OwnAccount));
        }
    }
    Ok(false)
}

impl RightsRequestView {
    /// What the caller is shown of a request that he reaches.
    ///
    /// # Errors
    /// What the database says, or that a cell does not open.
    pub fn of(ctx: &mut Ctx<'_, '_>, row: &RightsRequest) -> Result<Self, Refusal> {
        let role = ctx.caller.role;
        let keys = ctx.keys_of(row.participant_id.0)?;
        let day = Day::of(ctx, row)?;
        let mut steps = Vec::new();
        for step in rights_request_step::list(ctx.db, row)? {
            let seen = sees(role, step.step.0, step.done_as.0);
            steps.push(RightsStepView {
                step: step.step.0,
                done_as: step.done_as.0,
                done_by: step.done_by.0,
                done_at: step.done_at.0,
                record: if seen { Some(step.record(&keys)?) } else { None },
            });
        }
        let asked = if role == Role::Coordinator { None } else { Some(row.asked(&keys)?) };
        let restriction = processing_restriction::of_request(ctx.db, row.id.0)?;
        Ok(Self {
            id: row.id.0,
            programme_id: row.programme_id.0,
            participant_id: row.participant_id.0,
            kind: row.kind.0,
            state: row.state.0,
            possible_steps: row.standing().steps(),
            channel: row.channel.0,
            on_behalf: asked.as_ref().and_then(|asked| asked.on_behalf.clone()),
            asked: asked.map(|asked| asked.words),
            received_on: row.received_on,
            due_on: row.due_on,
            overdue: row.is_overdue(day.today),
            paused_on: row.paused_on,
            paused_days: row.paused_days,
            extended: row.extended,
            closed_at: row.closed_at.map(|at| at.0),
            taken_by: row.taken_by.0,
            steps,
            report_expires_at: if is_handed_to(ctx, row)? {
                access_report::expires_at(ctx.db, row.id.0)?
            } else {
                None
            },
            restriction_in_force: restriction.map(|found| found.lifted_at.is_none()),
            right_to_complain: (row.state.0 == State::Refused).then_some(RIGHT_TO_COMPLAIN),
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

/// Which day it is where the programme is, and whose holidays count there.
#[derive(Debug, Clone, Copy)]
pub struct Day {
    pub today: NaiveDate,
    pub region: Region,
}

impl Day {
    /// For the programme of a request.
    ///
    /// # Errors
    /// What the database says.
    pub fn of(ctx: &mut Ctx<'_, '_>, row: &RightsRequest) -> Result<Self, Refusal> {
        let programme = programme::find(ctx.db, ctx.scope, row.programme_id.0)?;
        Ok(Self::in_programme(&programme, ctx.now))
    }

    pub fn in_programme(programme: &Programme, now: DateTime<Utc>) -> Self {
        let today = local_day(now, &programme.timezone);
        Self { today, region: Region::of(&programme.jurisdiction) }
    }

    /// The clock of a request.
    pub fn clock(self, row: &RightsRequest) -> Clock {
        Clock {
            received_on: row.received_on,
            paused_days: u32::try_from(row.paused_days).unwrap_or(u32::MAX),
            extended: row.extended,
            region: self.region,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_decided_is_not_shown_to_the_other_or_to_anybody() {
        use Role::{Coordinator, Participant, PrivacyOfficer, SafeguardingLead};
        assert!(sees(SafeguardingLead, Step::Redaction, SafeguardingLead));
        for role in [PrivacyOfficer, Participant, Coordinator] {
            assert!(!sees(role, Step::Redaction, SafeguardingLead), "{role}");
        }
        assert!(!sees(SafeguardingLead, Step::Redaction, PrivacyOfficer));
        assert!(sees(Participant, Step::Refusal, PrivacyOfficer));
        assert!(!sees(Coordinator, Step::Refusal, PrivacyOfficer));
    }
}
