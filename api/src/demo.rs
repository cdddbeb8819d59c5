//! A programme to try everything on. Everybody in it is invented, and its names say so.

mod accounts;
mod cast;
mod draw;
mod plan;
mod script;
mod signposts;
mod sitting;

use std::collections::BTreeMap;
use std::sync::Arc;

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{ParticipantId, PersonId, StatusChangeId};
use alongside_domain::participant::Status;
use alongside_store::consent::Consent;
use alongside_store::participant::Participant;
use alongside_store::scope::{Reach, Scope};
use alongside_store::sealing::{self, RecordKeys};
use alongside_store::status_change::Author;
use alongside_store::types::{At, Code, Document, Key};
use alongside_store::{
    Context, Db, Duty, StoreError, assessment, assignment, catalogue, client, consent, consent_form,
    data_key, digital_profile, membership, participant, person, programme, signpost, site,
};
use anyhow::{Context as _, bail};
use futures_util::future::try_join_all;
use secrecy::SecretString;

pub use self::accounts::{DemoAccounts, DemoClient, DemoPerson, DemoToTry, Kept, next_steps, write_accounts};
use self::draw::Draw;
use self::plan::{CAPACITY, Plan, Record, Signed};
use self::sitting::{Judged, Sitting, write_flag};
use crate::app::App;

/// Makes the demonstration of this seed, unless it is there already, and answers who can sign in.
///
/// # Errors
/// When it cannot be written, or when there is a demonstration of another seed.
pub async fn seed(app: &App, seed: u64) -> anyhow::Result<DemoAccounts> {
    let plan = Arc::new(Plan::new(seed).context("the demonstration does not fit together")?);
    let mut accounts = accounts_of(app, &plan);
    let found = app.store.read(Context::System(Duty::Demo), |db| programme::by_code(db, plan::CODE)).await?;
    match found {
        Some(found) if found.id == plan.programme.id => {
            accounts.to_try = to_try(app, &plan).await?;
            return Ok(accounts);
        }
        Some(_) => bail!(
            "this database holds a demonstration made with another seed; use that seed, or an empty data folder"
        ),
        None => {}
    }
    let hashes =
        plan.accounts.iter().map(|account| app.passwords.hash(SecretString::from(account.password.clone())));
    let hashes = try_join_all(hashes).await.context("the passwords of the demonstration cannot be hashed")?;
    let judged: Vec<Judged> = plan.sittings.iter().map(Sitting::judge).collect::<Result<_, _>>()?;
    let (shared, written) = (app.clone(), Arc::clone(&plan));
    app.store
        .write(Context::System(Duty::Demo), move |db| write(db, &shared, &written, &hashes, &judged))
        .await
        .context("the demonstration cannot be written")?;
    accounts.to_try = to_try(app, &plan).await?;
    Ok(accounts)
}

/// What to try first. Nothing in a demonstration that was made before there were assessments in it.
async fn to_try(app: &App, plan: &Plan) -> anyhow::Result<Option<DemoToTry>> {
    let Some((assessment_id, study_id)) = plan.to_try() else { return Ok(None) };
    let scope = Scope { reach: Reach::Programme(plan.programme.id.0), person: None };
    let found = app
        .store
        .read(Context::System(Duty::Demo), move |db| assessment::try_find(db, &scope, assessment_id))
        .await?;
    Ok(found.map(|_| DemoToTry { assessment_id, study_id }))
}

fn accounts_of(app: &App, plan: &Plan) -> DemoAccounts {
    let people = plan.accounts.iter().map(|account| {
        let person = DemoPerson {
            role: account.role,
            email: account.person.email.clone(),
            password: account.password.clone(),
            person_id: account.person.id.0,
        };
        (account.name.to_owned(), person)
    });
    let client = DemoClient {
        client_id: plan.client.id.0,
        client_secret: plan.client_secret.clone(),
        scopes: plan.client.scopes.0.clone(),
    };
    DemoAccounts {
        base_url: app.base_url.to_string(),
        synthetic: true,
        programme_id: plan.programme.id.0,
        people: people.collect(),
        clients: BTreeMap::from([("trial_software".to_owned(), client)]),
        to_try: None,
    }
}

/// All of it in one transaction: there is never half a demonstration.
fn write(
    db: &mut Db<'_>,
    app: &App,
    plan: &Plan,
    hashes: &[String],
    judged: &[Judged],
) -> Result<(), StoreError> {
    let now = plan.programme.created_at;
    let scope = Scope { reach: Reach::Programme(plan.programme.id.0), person: None };
    programme::insert(db, &plan.programme)?;
    for site in &plan.sites {
        site::insert(db, &scope, site)?;
    }
    let mut ids = plan.catalogue.clone();
    catalogue::install(db, plan.programme.id.0, &mut || ids.id(), now.0)?;
    let forms = consent_form::list(db, &scope, None, None, 1)?;
    let form = forms.first().ok_or(StoreError::NotFound)?.id;
    let mut steps = plan.steps.clone();
    for record in &plan.records {
        write_record(db, app, plan, record, form, &mut steps)?;
    }
    // After the participants, since one of the accounts is a participant's.
    for (account, hash) in plan.accounts.iter().zip(hashes) {
        let mut row = account.person.clone();
        row.password_hash = Some(hash.clone());
        person::insert(db, &row)?;
        membership::insert(db, &account.membership)?;
    }
    for sign in &plan.signposts {
        signpost::insert(db, &scope, sign)?;
    }
    for assignment in plan.records.iter().filter_map(|record| record.assignment.as_ref()) {
        assignment::insert(db, assignment)?;
    }
    client::insert(db, &plan.client)?;
    for (sitting, judged) in plan.sittings.iter().zip(judged) {
        sitting.write(db, app, plan, judged)?;
    }
    write_flag(db, app, plan, &scope)
}

/// The data keys of a participant of the demonstration.
fn keys_of(db: &mut Db<'_>, app: &App, id: ParticipantId, now: Timestamp) -> Result<RecordKeys, StoreError> {
    data_key::ensure(db, app.store.ring(), sealing::Record::Participant(id), app.ids.as_ref(), now)
}

fn write_record(
    db: &mut Db<'_>,
    app: &App,
    plan: &Plan,
    record: &Record,
    form: Key<alongside_domain::id::kind::ConsentForm>,
    steps: &mut Draw,
) -> Result<(), StoreError> {
    let scope = &Scope { reach: Reach::Programme(plan.programme.id.0), person: None };
    let cells = record.cells.seal(&keys_of(db, app, record.id, plan.programme.created_at.0)?, record.id)?;
    let taken_back = record.signed.as_ref().is_some_and(|signed| signed.taken_back);
    let row = Participant {
        id: Key(record.id),
        programme_id: plan.programme.id,
        site_id: Key(record.site),
        study_id: record.study_id.clone(),
        // Whoever took it all back had taken part before.
        status: Code(if taken_back { Status::Approached } else { record.part.status }),
        language: record.language.to_owned(),
        access_class: None,
        could_do_alone: None,
        needs: cells.needs,
        treatments: cells.treatments,
        identity: cells.identity,
        safe_contact: cells.safe_contact,
        supporter_contact_allowed: false,
        created_at: plan.programme.created_at,
        updated_at: plan.programme.created_at,
        version: 1,
        erased_at: None,
    };
    participant::insert(db, &row)?;
    if let Some(profile) = &record.profile {
        digital_profile::insert(db, &row, profile)?;
    }
    if let Some(signed) = &record.signed {
        let row = participant::find(db, scope, record.id)?;
        let consent = consent_of(record, signed, form, plan.researcher);
        let status = if signed.taken_back { Status::Consented } else { record.part.status };
        let [gave, took_back] =
            [(); 2].map(|()| Author { change: StatusChangeId::new(steps.id()), by: plan.researcher.uuid() });
        consent::record(db, &row, status, &consent, gave)?;
        if signed.taken_back {
            let row = participant::find(db, scope, record.id)?;
            let all = signed.answers.keys().cloned().collect();
            let later = consent.created_at.0 + chrono::TimeDelta::days(20);
            consent::withdraw(db, &row, &consent, all, took_back, later)?;
        }
    }
    Ok(())
}

fn consent_of(
    record: &Record,
    signed: &Signed,
    form: Key<alongside_domain::id::kind::ConsentForm>,
    researcher: PersonId,
) -> Consent {
    let at = signed.taken_on.and_time(chrono::NaiveTime::MIN).and_utc();
    Consent {
        id: Key(signed.id),
        participant_id: Key(record.id),
        consent_form_id: form,
        answers: Document(signed.answers.clone()),
        taken_by: Key(researcher),
        taken_on: signed.taken_on,
        method: Code(signed.method),
        witness: None,
        capacity_judgement: Code(CAPACITY),
        copy_given: true,
        confidentiality_limits_explained: true,
        effective_from: At(at),
        superseded_by: None,
        withdrawn_at: None,
        withdrawn_statements: None,
        created_at: At(at),
        version: 1,
    }
}
