//! Consents: what was agreed to, what took its place, what was taken back, and what follows at once from each.

use std::collections::{BTreeMap, BTreeSet};

use alongside_domain::clock::Timestamp;
use alongside_domain::consent::{CapacityJudgement, Effect, Given, Method};
use alongside_domain::id::{ConsentId, ParticipantId, kind};
use alongside_domain::participant::Status;
use chrono::NaiveDate;
use diesel::prelude::*;

use crate::db::{Db, cols, exec, maybe, rewrite};
use crate::error::StoreError;
use crate::on_engine;
use crate::participant::{self, Participant};
use crate::schema::consents;
use crate::scope::Scope;
use crate::sealing::{DataClass, Place, RecordKeys};
use crate::status_change::{self, Author};
use crate::types::{At, Code, Document, Key, Sealed};

/// One signed form.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = consents, treat_none_as_default_value = false)]
pub struct Consent {
    pub id: Key<kind::Consent>,
    pub participant_id: Key<kind::Participant>,
    pub consent_form_id: Key<kind::ConsentForm>,
    pub answers: Document<BTreeMap<String, bool>>,
    pub taken_by: Key<kind::Person>,
    pub taken_on: NaiveDate,
    pub method: Code<Method>,
    /// A name: see [`seal_witness`].
    pub witness: Option<Sealed>,
    pub capacity_judgement: Code<CapacityJudgement>,
    pub copy_given: bool,
    pub confidentiality_limits_explained: bool,
    pub effective_from: At,
    /// The consent that took its place.
    pub superseded_by: Option<Key<kind::Consent>>,
    /// When something was last taken back.
    pub withdrawn_at: Option<At>,
    pub withdrawn_statements: Option<Document<BTreeSet<String>>>,
    pub created_at: At,
    pub version: i64,
}

impl Consent {
    /// What it allows, or allowed while it was in force.
    #[must_use]
    pub fn effect(&self) -> Effect {
        let none = BTreeSet::new();
        Effect::of(Given {
            answers: &self.answers.0,
            withdrawn: self.withdrawn_statements.as_ref().map_or(&none, |withdrawn| &withdrawn.0),
            capacity: self.capacity_judgement.0,
            confidentiality_limits_explained: self.confidentiality_limits_explained,
        })
    }

    /// Whether it is the one that counts, and allows anything.
    #[must_use]
    pub fn is_in_force(&self) -> bool {
        self.superseded_by.is_none() && self.effect().take_part
    }

    /// Who witnessed it.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn witness(&self, keys: &RecordKeys) -> Result<Option<String>, StoreError> {
        self.witness.as_ref().map(|cell| keys.open(witness_place(self.id.0), cell)).transpose()
    }
}

fn witness_place(id: ConsentId) -> Place {
    Place { class: DataClass::Identity, table: "consents", column: "witness", row: id.uuid() }
}

/// Seals the name of a witness for the consent with this id.
///
/// # Errors
/// When it cannot be sealed.
pub fn seal_witness(keys: &RecordKeys, id: ConsentId, name: &str) -> Result<Sealed, StoreError> {
    keys.seal(witness_place(id), name)
}

/// The participant's newest consent, whether or not it still allows anything.
///
/// # Errors
/// What the database says.
pub fn newest(db: &mut Db<'_>, participant: ParticipantId) -> Result<Option<Consent>, StoreError> {
    Ok(maybe(
        db,
        consents::table
            .filter(consents::participant_id.eq(Key(participant)))
            .filter(consents::superseded_by.is_null())
            .order(consents::id.desc())
            .limit(1)
            .select(cols::<Consent>()),
    )?)
}

/// What the participant's consent in force allows; nothing without one. For rules on records that the caller has
/// found in his world before.
///
/// # Errors
/// What the database says.
pub fn effect_in_force(db: &mut Db<'_>, participant: ParticipantId) -> Result<Effect, StoreError> {
    Ok(newest(db, participant)?.map_or_else(Effect::default, |consent| consent.effect()))
}

/// Keeps a consent in the place of the former one. What it allows, and what it ends, holds when this is durable; where
/// it moves the participant to `status`, his history says so.
///
/// # Errors
/// [`StoreError::Stale`] when the participant's row was changed meanwhile.
pub fn record(
    db: &mut Db<'_>,
    participant: &Participant,
    status: Status,
    consent: &Consent,
    author: Author,
) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(consents::table).values(consent))?;
    rewrite(
        db,
        diesel::update(
            consents::table
                .filter(consents::participant_id.eq(consent.participant_id))
                .filter(consents::superseded_by.is_null())
                .filter(consents::id.ne(consent.id)),
        )
        .set((consents::superseded_by.eq(Some(consent.id)), consents::version.eq(consents::version + 1))),
    )?;
    let given = (consent.id.0, &consent.effect());
    status_change::by_consent(db, participant, status, given, author, consent.created_at.0)
}

/// Takes statements back. What they allowed ends when this is durable.
///
/// # Errors
/// [`StoreError::Stale`] when the consent or the participant's row was changed meanwhile.
pub fn withdraw(
    db: &mut Db<'_>,
    participant: &Participant,
    consent: &Consent,
    statements: BTreeSet<String>,
    author: Author,
    now: Timestamp,
) -> Result<Consent, StoreError> {
    let mut after = consent.clone();
    let mut withdrawn = after.withdrawn_statements.take().map(|former| former.0).unwrap_or_default();
    withdrawn.extend(statements);
    after.withdrawn_statements = Some(Document(withdrawn));
    after.withdrawn_at = Some(At(now));
    after.version += 1;
    let changed = rewrite(
        db,
        diesel::update(consents::table.find(consent.id).filter(consents::version.eq(consent.version))).set((
            consents::withdrawn_at.eq(after.withdrawn_at),
            consents::withdrawn_statements.eq(after.withdrawn_statements.clone()),
            consents::version.eq(after.version),
        )),
    )?;
    if changed != 1 {
        return Err(StoreError::Stale);
    }
    let effect = after.effect();
    let took_part = consent.effect().take_part;
    let status = match participant.status.0 {
        status if took_part && !effect.take_part => status.on_withdrawal(),
        status => status,
    };
    status_change::by_consent(db, participant, status, (consent.id.0, &effect), author, now)?;
    Ok(after)
}

/// The consent with this id, if its participant is in the caller's world, with the participant.
///
/// # Errors
/// What the database says.
pub fn try_find(
    db: &mut Db<'_>,
    scope: &Scope,
    id: ConsentId,
) -> Result<Option<(Consent, Participant)>, StoreError> {
    let row: Option<Consent> = maybe(db, consents::table.find(Key(id)).select(cols::<Consent>()))?;
    let Some(row) = row else { return Ok(None) };
    let participant = participant::try_find(db, scope, row.participant_id.0)?;
    Ok(participant.map(|participant| (row, participant)))
}

/// As [`try_find`].
///
/// # Errors
/// [`StoreError::NotFound`] outside the caller's world.
pub fn find(db: &mut Db<'_>, scope: &Scope, id: ConsentId) -> Result<(Consent, Participant), StoreError> {
    try_find(db, scope, id)?.ok_or(StoreError::NotFound)
}

/// The consents of a participant, by id. The caller has found the participant in his world before.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    participant: ParticipantId,
    newest_only: bool,
    after: Option<ConsentId>,
    limit: u32,
) -> Result<Vec<Consent>, StoreError> {
    Ok(on_engine!(db, Backend, conn => {
        let mut query = consents::table
            .filter(consents::participant_id.eq(Key(participant)))
            .select(cols::<Consent>())
            .order(consents::id)
            .limit(i64::from(limit))
            .into_boxed::<Backend>();
        if newest_only {
            query = query.filter(consents::superseded_by.is_null());
        }
        if let Some(after) = after {
            query = query.filter(consents::id.gt(Key(after)));
        }
        query.load::<Consent>(conn)
    })?)
}

#[cfg(test)]
mod tests {
    use alongside_domain::assignment::{EndReason, Purpose, State};
    use alongside_domain::consent::statement::{SHARE_SUMMARY_GP, SUPPORTER_CONTACT, TAKE_PART};
    use alongside_domain::id::{
        AssignmentId, ConsentFormId, MembershipId, PersonId, ProgrammeId, SiteId, StatusChangeId,
    };
    use alongside_domain::participant::{Identity, Needs, SafeContact};
    use alongside_domain::policy::Role;
    use alongside_domain::programme::ProgrammeKind;
    use alongside_domain::site::SiteKind;
    use secrecy::SecretSlice;
    use uuid::Uuid;

    use super::*;
    use crate::assignment::{self, Assignment};
    use crate::consent_form::{self, ConsentForm};
    use crate::membership::{self, Membership};
    use crate::participant::Cells;
    use crate::person::{self, Person};
    use crate::programme::{self, Programme};
    use crate::scope::Reach;
    use crate::sealing::{KeyRing, Record};
    use crate::site::{self, Site};
    use crate::status_change::{New, StatusChange};
    use crate::{Context, Location, migrate, store};

    const PROGRAMME: ProgrammeId = ProgrammeId::new(Uuid::from_u128(1));
    const SITE: SiteId = SiteId::new(Uuid::from_u128(2));
    const SUPPORTER: PersonId = PersonId::new(Uuid::from_u128(3));
    const OTHER: PersonId = PersonId::new(Uuid::from_u128(4));
    const FORM: ConsentFormId = ConsentFormId::new(Uuid::from_u128(5));
    const MAN: ParticipantId = ParticipantId::new(Uuid::from_u128(6));

    fn now() -> Timestamp {
        Timestamp::from_timestamp_micros(1_790_000_000_000_000).unwrap()
    }

    fn scope(reach: Reach) -> Scope {
        Scope { reach, person: None }
    }

    fn everyone() -> Scope {
        scope(Reach::Programme(PROGRAMME))
    }

    fn helping() -> Scope {
        scope(Reach::Caseload(PROGRAMME, SUPPORTER))
    }

    /// Runs `work` on a fresh database with one participant and two supporters.
    fn world(work: impl FnOnce(&mut Db<'_>)) {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(folder.path().join("test.db"));
        migrate::up(&location).unwrap();
        store::alone(&location, Context::Nobody, |db| {
            people_and_places(db).unwrap();
            work(db);
            Ok(())
        })
        .unwrap();
    }

    fn people_and_places(db: &mut Db<'_>) -> Result<(), StoreError> {
        let at = At(now());
        programme::insert(
            db,
            &Programme {
                id: Key(PROGRAMME),
                code: "TEST".into(),
                name: "Test".into(),
                kind: Code(ProgrammeKind::Trial),
                timezone: "Europe/London".into(),
                jurisdiction: "GB-ENG".into(),
                synthetic: true,
                created_at: at,
                updated_at: at,
                version: 1,
            },
        )?;
        let site = Site {
            id: Key(SITE),
            programme_id: Key(PROGRAMME),
            code: "OAK".into(),
            name: "Oak".into(),
            kind: Code(SiteKind::Gp),
            ods_code: None,
            local_authority: None,
            safeguarding_contact: None,
            created_at: at,
            updated_at: at,
            version: 1,
        };
        site::insert(db, &everyone(), &site)?;
        for (id, name) in [(SUPPORTER, "a"), (OTHER, "b")] {
            person::insert(
                db,
                &Person {
                    id: Key(id),
                    email: format!("{name}@demo.alongside.example"),
                    display_name: name.into(),
                    participant_id: None,
                    password_hash: None,
                    activation_hash: None,
                    activation_expires_at: None,
                    failed_attempts: 0,
                    locked_until: None,
                    deactivated_at: None,
                    created_at: at,
                    updated_at: at,
                    version: 1,
                },
            )?;
        }
        membership::insert(
            db,
            &Membership {
                id: Key(MembershipId::new(Uuid::from_u128(7))),
                person_id: Key(SUPPORTER),
                role: Code(Role::Supporter),
                programme_id: Some(Key(PROGRAMME)),
                site_id: None,
                granted_by: None,
                granted_at: at,
                ended_at: None,
            },
        )?;
        consent_form::insert(
            db,
            &ConsentForm {
                id: Key(FORM),
                programme_id: Key(PROGRAMME),
                doc_version: "1.0".into(),
                language: "en-GB".into(),
                title: "t".into(),
                introduction: "i".into(),
                limits_of_confidentiality: "l".into(),
                statements: Document(Vec::new()),
                created_at: at,
            },
        )?;
        let key = || [(1, SecretSlice::from(vec![1; 32]))];
        let ring = std::sync::Arc::new(KeyRing::new(key(), key())?);
        let keys = RecordKeys::passing(ring, Record::Participant(MAN))?;
        let cells = Cells {
            identity: Identity {
                name: "Arthur Example".into(),
                date_of_birth: None,
                nhs_number: None,
                address: None,
                phones: Vec::new(),
                email: None,
                gp: None,
                emergency_contact: None,
            },
            safe_contact: SafeContact::default(),
            needs: Needs::default(),
            treatments: Vec::new(),
        };
        let sealed = cells.seal(&keys, MAN)?;
        let man = Participant {
            id: Key(MAN),
            programme_id: Key(PROGRAMME),
            site_id: Key(SITE),
            study_id: "AS-7K3M-9QXT-U".into(),
            status: Code(Status::Identified),
            language: "en-GB".into(),
            access_class: None,
            could_do_alone: None,
            needs: sealed.needs,
            treatments: sealed.treatments,
            identity: sealed.identity,
            safe_contact: sealed.safe_contact,
            supporter_contact_allowed: false,
            created_at: at,
            updated_at: at,
            version: 1,
            erased_at: None,
        };
        participant::insert(db, &man)?;
        let mut twin = man.clone();
        twin.id = Key(ParticipantId::new(Uuid::from_u128(60)));
        assert!(participant::insert(db, &twin).unwrap_err().violates(participant::STUDY_ID));
        assert_eq!(man.identity(&keys)?.name, "Arthur Example");
        Ok(())
    }

    fn man(db: &mut Db<'_>) -> Participant {
        participant::find(db, &everyone(), MAN).unwrap()
    }

    fn author(id: u128) -> Author {
        Author { change: StatusChangeId::new(Uuid::from_u128(id)), by: OTHER.uuid() }
    }

    fn consents(db: &mut Db<'_>, id: u128, yes: &[&str]) -> ConsentId {
        let id = ConsentId::new(Uuid::from_u128(id));
        let all = [TAKE_PART, SUPPORTER_CONTACT, SHARE_SUMMARY_GP];
        let consent = Consent {
            id: Key(id),
            participant_id: Key(MAN),
            consent_form_id: Key(FORM),
            answers: Document(all.iter().map(|code| ((*code).to_owned(), yes.contains(code))).collect()),
            taken_by: Key(OTHER),
            taken_on: now().date_naive(),
            method: Code(Method::Wet),
            witness: None,
            capacity_judgement: Code(CapacityJudgement::HasCapacity),
            copy_given: true,
            confidentiality_limits_explained: true,
            effective_from: At(now()),
            superseded_by: None,
            withdrawn_at: None,
            withdrawn_statements: None,
            created_at: At(now()),
            version: 1,
        };
        let man = man(db);
        let status = man.status.0.on_form(consent.effect().take_part, true).unwrap();
        record(db, &man, status, &consent, author(id.uuid().as_u128())).unwrap();
        id
    }

    fn withdraws(db: &mut Db<'_>, id: ConsentId, code: &str) {
        let (consent, man) = find(db, &everyone(), id).unwrap();
        let author = author(1000 + u128::from(man.version.unsigned_abs()));
        withdraw(db, &man, &consent, BTreeSet::from([code.to_owned()]), author, now()).unwrap();
    }

    fn assigns(db: &mut Db<'_>, id: u128, to: PersonId, state: State) -> Result<AssignmentId, StoreError> {
        let id = AssignmentId::new(Uuid::from_u128(id));
        let row = Assignment {
            id: Key(id),
            programme_id: Key(PROGRAMME),
            site_id: Key(SITE),
            participant_id: Key(MAN),
            supporter_id: Key(to),
            purpose: Code(Purpose::DigitalHelp),
            state: Code(state),
            conditions: Document(Vec::new()),
            knows_participant: false,
            offered_by: Key(OTHER),
            offered_at: At(now()),
            accepted_at: None,
            introduced_at: None,
            started_at: None,
            ended_at: None,
            end_reason: None,
            created_at: At(now()),
            updated_at: At(now()),
            version: 1,
        };
        assignment::insert(db, &row).map(|()| id)
    }

    fn caseload(db: &mut Db<'_>) -> usize {
        let filter = participant::Filter::default();
        participant::list(db, &helping(), &filter, None, 10).unwrap().len()
    }

    #[test]
    fn a_new_consent_takes_the_place_of_the_former() {
        world(|db| {
            let first = consents(db, 100, &[TAKE_PART, SUPPORTER_CONTACT]);
            assert!(man(db).supporter_contact_allowed);
            assert_eq!(man(db).status.0, Status::Consented);
            let second = consents(db, 101, &[TAKE_PART]);
            assert!(!man(db).supporter_contact_allowed);
            let (former, _) = find(db, &everyone(), first).unwrap();
            assert_eq!(former.superseded_by, Some(Key(second)));
            assert_eq!(former.version, 2);
            assert!(!former.is_in_force());
            assert!(effect_in_force(db, MAN).unwrap().take_part);
        });
    }

    #[test]
    fn withdrawing_contact_ends_access_and_assignments_at_once() {
        world(|db| {
            let consent = consents(db, 100, &[TAKE_PART, SUPPORTER_CONTACT, SHARE_SUMMARY_GP]);
            let id = assigns(db, 200, SUPPORTER, State::Active).unwrap();
            assert!(participant::find(db, &helping(), MAN).is_ok());
            assert_eq!(caseload(db), 1);
            withdraws(db, consent, SHARE_SUMMARY_GP);
            assert_eq!(caseload(db), 1, "the rest stands");
            withdraws(db, consent, SUPPORTER_CONTACT);
            assert!(matches!(participant::find(db, &helping(), MAN), Err(StoreError::NotFound)));
            assert_eq!(caseload(db), 0);
            assert!(matches!(assignment::find(db, &helping(), id), Err(StoreError::NotFound)));
            let ended = assignment::find(db, &everyone(), id).unwrap();
            assert_eq!(ended.state.0, State::Ended);
            assert_eq!(ended.end_reason, Some(Code(EndReason::SupportNotNeeded)));
            assert_eq!(man(db).status.0, Status::Consented, "he still takes part");
            withdraws(db, consent, TAKE_PART);
            assert_eq!(man(db).status.0, Status::Stopped);
            let kept = find(db, &everyone(), consent).unwrap().0.withdrawn_statements.unwrap().0;
            assert_eq!(kept.len(), 3);
        });
    }

    fn moves(db: &mut Db<'_>, id: u128, to: Status) -> StatusChange {
        let (man, effect) = (man(db), effect_in_force(db, MAN).unwrap());
        let new = New {
            author: author(id),
            to,
            reason: None,
            decided_by: None,
            criteria: Vec::new(),
            support_offered: None,
            effective_on: now().date_naive(),
        };
        status_change::record(db, &man, new, &effect, now()).unwrap()
    }

    #[test]
    fn a_pause_puts_support_on_hold_and_death_ends_it() {
        world(|db| {
            consents(db, 100, &[TAKE_PART, SUPPORTER_CONTACT]);
            let id = assigns(db, 200, SUPPORTER, State::Active).unwrap();
            assert_eq!(moves(db, 300, Status::Paused).supporters.0, [SUPPORTER]);
            assert_eq!(assignment::find(db, &everyone(), id).unwrap().state.0, State::OnHold);
            assert_eq!((caseload(db), man(db).supporter_contact_allowed), (0, false));
            assert_eq!(moves(db, 301, Status::Consented).supporters.0, []);
            assert!(man(db).supporter_contact_allowed, "the consent in force says so again");
            assert_eq!(caseload(db), 0, "somebody arranges it anew");
            assert_eq!(moves(db, 302, Status::Deceased).supporters.0, [SUPPORTER]);
            assert_eq!(assignment::find(db, &everyone(), id).unwrap().state.0, State::Ended);
            let steps = status_change::list(db, MAN, None, 10).unwrap();
            let steps: Vec<_> = steps.iter().map(|step| (step.from_status.0, step.to_status.0)).collect();
            assert_eq!(
                steps,
                [
                    (Status::Identified, Status::Consented),
                    (Status::Consented, Status::Paused),
                    (Status::Paused, Status::Consented),
                    (Status::Consented, Status::Deceased)
                ]
            );
        });
    }

    #[test]
    fn one_supporter_at_a_time_for_one_purpose() {
        world(|db| {
            let id = assigns(db, 200, SUPPORTER, State::Offered).unwrap();
            let second = assigns(db, 201, OTHER, State::Offered).unwrap_err();
            assert!(second.violates(assignment::ONE_LIVE), "{second}");
            let mut first = assignment::find(db, &everyone(), id).unwrap();
            first.state = Code(State::Withdrawn);
            assignment::save(db, &first, now()).unwrap();
            assert!(matches!(assignment::save(db, &first, now()), Err(StoreError::Stale)));
            assert!(assigns(db, 201, OTHER, State::Offered).is_ok());
        });
    }

    #[test]
    fn only_live_supporters_of_the_programme_are_supporters() {
        world(|db| {
            assert!(assignment::is_supporter(db, SUPPORTER, PROGRAMME, SITE).unwrap());
            assert!(!assignment::is_supporter(db, OTHER, PROGRAMME, SITE).unwrap());
            let elsewhere = ProgrammeId::new(Uuid::from_u128(99));
            assert!(!assignment::is_supporter(db, SUPPORTER, elsewhere, SITE).unwrap());
        });
    }
}
