//! Rows that a test needs in place and is not about: written behind the API's back.

use alongside_domain::clock::{Ids as _, System};
use alongside_domain::id::{AssessmentId, AssignmentId, InstrumentId, ParticipantId, PersonId, SiteId};
use alongside_store::audit::any_id;
use alongside_store::exec;
use alongside_store::schema::{assessments, assignments, instruments, participants};
use alongside_store::types::{At, Key, Sealed};
use diesel::prelude::*;

use super::world::World;

/// A participant at this site, with an access class where one is known. His sealed cells hold nothing that opens.
pub fn participant(world: &World, site: SiteId, access_class: Option<&'static str>) -> ParticipantId {
    let id = ParticipantId::new(System.fresh());
    let (programme, now) = (world.programme, At(world.app.clock.now()));
    world.write(move |db| {
        let row = (
            participants::id.eq(Key(id)),
            participants::programme_id.eq(Key(programme)),
            participants::site_id.eq(Key(site)),
            participants::study_id.eq(id.to_string()),
            participants::status.eq("consented"),
            participants::language.eq("en-GB"),
            participants::access_class.eq(access_class),
            participants::needs.eq(Sealed(vec![0])),
            participants::treatments.eq(Sealed(vec![0])),
            participants::identity.eq(Sealed(vec![0])),
            participants::safe_contact.eq(Sealed(vec![0])),
            participants::supporter_contact_allowed.eq(true),
            participants::created_at.eq(now),
            participants::updated_at.eq(now),
            participants::version.eq(1_i64),
        );
        Ok(exec(db, diesel::insert_into(participants::table).values(row))?)
    });
    id
}

/// This supporter helps this participant now.
pub fn assignment(world: &World, participant: ParticipantId, site: SiteId, supporter: PersonId) {
    let id = AssignmentId::new(System.fresh());
    let (programme, now) = (world.programme, At(world.app.clock.now()));
    world.write(move |db| {
        let row = (
            assignments::id.eq(Key(id)),
            assignments::programme_id.eq(Key(programme)),
            assignments::site_id.eq(Key(site)),
            assignments::participant_id.eq(Key(participant)),
            assignments::supporter_id.eq(Key(supporter)),
            assignments::purpose.eq("digital_help"),
            assignments::state.eq("active"),
            assignments::conditions.eq("[]"),
            assignments::knows_participant.eq(false),
            assignments::offered_by.eq(Key(supporter)),
            assignments::offered_at.eq(now),
            assignments::created_at.eq(now),
            assignments::updated_at.eq(now),
            assignments::version.eq(1_i64),
        );
        Ok(exec(db, diesel::insert_into(assignments::table).values(row))?)
    });
}

/// A submitted assessment of this participant, with an instrument of its own.
pub fn assessment(world: &World, participant: ParticipantId, site: SiteId) -> AssessmentId {
    let (id, instrument) = (AssessmentId::new(System.fresh()), InstrumentId::new(System.fresh()));
    let (programme, now) = (world.programme, At(world.app.clock.now()));
    world.write(move |db| {
        let definition = (
            instruments::id.eq(Key(instrument)),
            instruments::programme_id.eq(Key(programme)),
            instruments::url.eq(format!("urn:uuid:{instrument}")),
            instruments::version.eq("1"),
            instruments::name.eq("Test"),
            instruments::title.eq("Test"),
            instruments::kind.eq("hna"),
            instruments::language.eq("en-GB"),
            instruments::licence.eq("A"),
            instruments::item_count.eq(0),
            instruments::definition.eq("{}"),
            instruments::definition_sha256.eq(vec![0_u8; 32]),
            instruments::warnings.eq("[]"),
            instruments::status.eq("active"),
            instruments::created_at.eq(now),
        );
        exec(db, diesel::insert_into(instruments::table).values(definition))?;
        let row = (
            assessments::id.eq(Key(id)),
            assessments::programme_id.eq(Key(programme)),
            assessments::site_id.eq(Key(site)),
            assessments::participant_id.eq(Key(participant)),
            assessments::instrument_id.eq(Key(instrument)),
            assessments::time_point.eq("baseline"),
            assessments::status.eq("submitted"),
            assessments::channel.eq("in_person"),
            assessments::last_seq.eq(0_i64),
            assessments::started_at.eq(now),
            assessments::created_by.eq(any_id(participant.uuid())),
            assessments::created_at.eq(now),
            assessments::updated_at.eq(now),
            assessments::version.eq(1_i64),
        );
        Ok(exec(db, diesel::insert_into(assessments::table).values(row))?)
    });
    id
}
