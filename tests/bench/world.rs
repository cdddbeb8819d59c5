//! What is measured on: a demonstration programme with many more participants, each of whom has agreed to take part.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alongside_domain::clock::{Clock as _, Ids as _, System};
use alongside_domain::id::{ConsentId, ParticipantId, kind};
use alongside_domain::study_id::StudyId;
use alongside_store::consent::Consent;
use alongside_store::participant::{Cells, Participant};
use alongside_store::schema::{consents, participants};
use alongside_store::sealing::{KeyRing, Record};
use alongside_store::types::Key;
use alongside_store::{Db, Location, cols, data_key, exec, many, one};
use anyhow::{Context as _, ensure};
use diesel::connection::SimpleConnection as _;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use serde_json::Value;
use uuid::Uuid;

use crate::client::Client;
use crate::server::Setup;
use crate::{form, keys};

/// So many requests can each name another participant.
const MOST_IDS: usize = 20_000;

/// What the rows of an assessment hang on.
#[derive(Clone)]
pub struct Parents {
    pub programme: Uuid,
    pub site: Uuid,
    pub instrument: Uuid,
    pub author: Uuid,
    pub participants: Vec<Uuid>,
    pub link_ids: Vec<String>,
}

/// A filled database, with nobody serving it.
pub struct World {
    pub setup: Setup,
    pub parents: Parents,
    /// The participants' ids for `wrk`, one a line.
    pub ids: PathBuf,
    /// A new assessment with its answers, for the participant `%ID%`.
    pub assessment: String,
}

impl World {
    /// Makes a programme and fills it up to so many participants.
    pub fn make(setup: &Setup, participants: usize) -> anyhow::Result<Self> {
        fs::create_dir_all(&setup.folder)?;
        let key_file = setup.folder.join("alongside.key");
        keys::make(&setup.program, &key_file)?;
        let ring = Arc::new(keys::ring(&key_file)?);
        let server = setup.demo(true)?;
        let client = Client::sign_in(&server.base(), &setup.folder)?;
        let instrument = client.instrument(form::URL)?;
        let assessment = form::assessment(instrument)?;
        let model = client.willing_participant(&assessment)?;
        server.stop()?;

        let mut parents = Parents {
            programme: field(&model, "programme_id")?,
            site: field(&model, "site_id")?,
            instrument,
            author: client.person,
            participants: Vec::new(),
            link_ids: form::link_ids(&assessment)?,
        };
        let model: Uuid = field(&model, "id")?;
        parents.participants = match Location::from_url(&setup.database_url) {
            Location::Sqlite(path) => {
                let path = path.to_str().context("the path is not UTF-8")?;
                let mut connection = SqliteConnection::establish(path)?;
                let filled = fill(&mut Db::Sqlite(&mut connection), &ring, model, participants)?;
                connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")?;
                filled
            }
            Location::Postgres(url) => {
                let mut connection = PgConnection::establish(&url)?;
                let filled = fill(&mut Db::Pg(&mut connection), &ring, model, participants)?;
                // One by one: several at once would share a transaction, in which PostgreSQL refuses to tidy up.
                connection.batch_execute("VACUUM ANALYZE")?;
                connection.batch_execute("CHECKPOINT")?;
                filled
            }
        };
        let ids = setup.folder.join("ids.txt");
        fs::write(&ids, lines(&parents.participants))?;
        Ok(Self { setup: setup.clone(), parents, ids, assessment })
    }

    /// The same world in another folder and another database, which must not be there yet.
    pub fn copy(&self, name: &str) -> anyhow::Result<Setup> {
        let parent = self.setup.folder.parent().context("the folder has no parent")?;
        let folder =
            parent.join(format!("{}-{name}", self.setup.folder.file_name().unwrap_or_default().display()));
        fs::create_dir(&folder)?;
        for file in fs::read_dir(&self.setup.folder)? {
            let file = file?;
            fs::copy(file.path(), folder.join(file.file_name()))?;
        }
        match Location::from_url(&self.setup.database_url) {
            Location::Sqlite(_) => Ok(Setup::embedded(&self.setup.program, &folder)),
            Location::Postgres(url) => {
                let (server, database) = url.rsplit_once('/').context("the URL names no database")?;
                let copy = format!("{database}_{name}");
                create_database(&format!("{server}/postgres"), &copy, database)?;
                Ok(Setup { folder, database_url: format!("{server}/{copy}"), ..self.setup.clone() })
            }
        }
    }
}

/// Makes a database like `template`, which nobody may be using.
pub fn create_database(server: &str, name: &str, template: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::establish(server)?;
    connection.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}"))?;
    Ok(())
}

/// The database file of a world on SQLite.
pub fn database_file(folder: &Path) -> PathBuf {
    folder.join("alongside.db")
}

fn field(view: &Value, name: &str) -> anyhow::Result<Uuid> {
    let text = view.get(name).and_then(Value::as_str).with_context(|| format!("no {name} in {view}"))?;
    Ok(text.parse()?)
}

/// The ids in an order that jumps about in the table, as real requests do.
fn lines(ids: &[Uuid]) -> String {
    let stride = ids.len() / MOST_IDS + 1;
    let mut chosen: Vec<&Uuid> = ids.iter().step_by(stride).collect();
    // The last eight bytes are random.
    chosen.sort_by_key(|id| id.as_u64_pair().1);
    chosen.iter().map(|id| format!("{id}\n")).collect()
}

/// Adds copies of one participant, with his consent, until there are so many. Answers the ids of the copies.
fn fill(db: &mut Db<'_>, ring: &Arc<KeyRing>, model: Uuid, total: usize) -> anyhow::Result<Vec<Uuid>> {
    let model = ParticipantId::new(model);
    let row: Participant = one(db, participants::table.find(Key(model)).select(cols::<Participant>()))?;
    let keys = data_key::load(db, ring, Record::Participant(model))?;
    let cells = Cells {
        identity: row.identity(&keys)?,
        safe_contact: row.safe_contact(&keys)?,
        needs: row.needs(&keys)?,
        treatments: row.treatments(&keys)?,
    };
    let signed: Vec<Consent> = many(
        db,
        consents::table
            .filter(consents::participant_id.eq(Key(model)))
            .filter(consents::superseded_by.is_null())
            .select(cols::<Consent>()),
    )?;
    let [consent] = signed.as_slice() else {
        anyhow::bail!("the model has {} consents in force", signed.len())
    };
    let mut made = Vec::with_capacity(total);
    while made.len() < total {
        control(db, "BEGIN")?;
        for _ in 0..10_000.min(total - made.len()) {
            made.push(copy(db, ring, &row, &cells, consent, made.len())?);
        }
        control(db, "COMMIT")?;
    }
    ensure!(!made.is_empty(), "there must be participants");
    Ok(made)
}

fn copy(
    db: &mut Db<'_>,
    ring: &Arc<KeyRing>,
    model: &Participant,
    cells: &Cells,
    consent: &Consent,
    number: usize,
) -> anyhow::Result<Uuid> {
    let id = ParticipantId::new(System.fresh());
    let keys = data_key::ensure(db, ring, Record::Participant(id), &System, System.now())?;
    let sealed = cells.seal(&keys, id)?;
    let [_, _, _, b3, b4, b5, b6, b7] = u64::try_from(number)?.to_be_bytes();
    let participant = Participant {
        id: Key(id),
        study_id: StudyId::from_random([b3 ^ 0x5A, b4, b5, b6, b7]).as_str().to_owned(),
        identity: sealed.identity,
        safe_contact: sealed.safe_contact,
        needs: sealed.needs,
        treatments: sealed.treatments,
        ..model.clone()
    };
    exec(db, diesel::insert_into(participants::table).values(&participant))?;
    let key: Key<kind::Consent> = Key(ConsentId::new(System.fresh()));
    let consent = Consent { id: key, participant_id: Key(id), witness: None, ..consent.clone() };
    exec(db, diesel::insert_into(consents::table).values(&consent))?;
    Ok(id.uuid())
}

fn control(db: &mut Db<'_>, sql: &str) -> QueryResult<()> {
    match db {
        Db::Pg(connection) => connection.batch_execute(sql),
        Db::Sqlite(connection) => connection.batch_execute(sql),
    }
}
