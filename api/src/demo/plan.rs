//! Everything a demonstration holds, made from its seed alone, before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use alongside_domain::assignment::{EndReason, Purpose, State};
use alongside_domain::clock::Timestamp;
use alongside_domain::consent::{CapacityJudgement, Method, statement};
use alongside_domain::content;
use alongside_domain::digital_profile::{Access, Barrier, Device, InternetAtHome, LastUsed};
use alongside_domain::id::{
    AssessmentId, AssignmentId, ClientId, ConsentId, DigitalProfileId, MembershipId, ParticipantId, PersonId,
    ProgrammeId, SiteId,
};
use alongside_domain::participant::{
    AccessNeed, Address, CommunicationNeed, Gp, Identity, Needs, SafeContact, Treatment,
};
use alongside_domain::policy::{Role, client_scopes};
use alongside_domain::programme::ProgrammeKind;
use alongside_domain::site::{SafeguardingContact, SiteKind};
use alongside_domain::study_id::StudyId;
use alongside_store::assignment::Assignment;
use alongside_store::client::Client;
use alongside_store::digital_profile::DigitalProfile;
use alongside_store::membership::Membership;
use alongside_store::participant::Cells;
use alongside_store::person::Person;
use alongside_store::programme::Programme;
use alongside_store::signpost::Signpost;
use alongside_store::site::Site;
use alongside_store::types::{At, Code, Document, Key};
use anyhow::Context as _;
use chrono::{NaiveDate, TimeDelta};
use uuid::Uuid;

use super::cast::{Agreed, FAMILY, GIVEN, PARTICIPANTS, PEOPLE, Part};
use super::draw::{Draw, start};
use super::script::{SCRIPTS, TO_GO_ON_WITH, TO_READ};
use super::signposts::signposts;
use super::sitting::Sitting;
use crate::security::token::hash_secret;

/// How a demonstration is recognised on its next start.
pub const CODE: &str = "DEMO";
const DOMAIN: &str = "demo.alongside.example";
const TIME_POINT: &str = "baseline";

/// Ids for two steps of everybody's way.
const STEP_IDS: u64 = 128;

/// Ids for the content that ships: more than it needs.
const CATALOGUE_IDS: u64 = 16;

/// A person with the password that will be his.
pub struct Account {
    pub name: &'static str,
    pub role: Role,
    pub password: String,
    /// Without the hash of the password.
    pub person: Person,
    pub membership: Membership,
}

/// A consent, but for the form it stands on.
pub struct Signed {
    pub id: ConsentId,
    pub answers: BTreeMap<String, bool>,
    pub taken_on: NaiveDate,
    pub method: Method,
    pub taken_back: bool,
}

/// A participant with all that is his.
pub struct Record {
    pub id: ParticipantId,
    pub site: SiteId,
    pub study_id: String,
    pub part: &'static Part,
    pub language: &'static str,
    pub cells: Cells,
    pub profile: Option<DigitalProfile>,
    pub signed: Option<Signed>,
    pub assignment: Option<Assignment>,
}

/// All of it.
pub struct Plan {
    pub programme: Programme,
    pub sites: [Site; 2],
    pub catalogue: Draw,
    pub accounts: Vec<Account>,
    pub records: Vec<Record>,
    pub client: Client,
    pub client_secret: String,
    /// What was filled in, the earliest first.
    pub sittings: Vec<Sitting>,
    /// The id of the concern that waits for a safeguarding lead.
    pub flag: Uuid,
    /// Ids for the steps that the consents brought about.
    pub steps: Draw,
    /// Where to turn to nearby.
    pub signposts: Vec<Signpost>,
    /// Who took the consents and measured the profiles.
    pub researcher: PersonId,
}

impl Plan {
    /// The plan of a seed: the same whenever and wherever it is made.
    ///
    /// # Errors
    /// When its parts do not fit together.
    pub fn new(seed: u64) -> anyhow::Result<Self> {
        let mut draw = Draw::new(seed);
        let now = start();
        let programme = programme(ProgrammeId::new(draw.id()), now);
        let sites = [
            site(&mut draw, programme.id, "MEADOW", "Meadow Lane Surgery (synthetic)", SiteKind::Gp, now),
            site(
                &mut draw,
                programme.id,
                "HARBOUR",
                "Harbour Road Hospital (synthetic)",
                SiteKind::Hospital,
                now,
            ),
        ];
        let catalogue = draw.aside(CATALOGUE_IDS);
        let mut accounts: Vec<Account> =
            PEOPLE.iter().map(|(name, role)| account(&mut draw, programme.id, name, *role, now)).collect();
        let by_name = |accounts: &[Account], name: &str| {
            let found = accounts.iter().find(|account| account.name == name);
            found.map(|account| account.person.id).with_context(|| format!("nobody is called {name}"))
        };
        let researcher = by_name(&accounts, "researcher")?;
        let coordinator = by_name(&accounts, "coordinator")?;
        let mut records = Vec::with_capacity(PARTICIPANTS.len());
        for (index, part) in PARTICIPANTS.iter().enumerate() {
            let [first, second] = &sites;
            let at = if index % 2 == 0 { first.id } else { second.id };
            let mut record = record(&mut draw, index, part, at.0, researcher, now)?;
            if let Some((supporter, state)) = part.helped {
                let supporter = by_name(&accounts, supporter)?;
                let id = AssignmentId::new(draw.id());
                record.assignment =
                    Some(assignment(id, &programme, &record, supporter, coordinator, state, now));
            }
            records.push(record);
        }
        if let (Some(account), Some(first)) =
            (accounts.iter_mut().find(|account| account.role == Role::Participant), records.first_mut())
        {
            account.person.participant_id = Some(Key(first.id));
            first.cells.identity.email = Some(account.person.email.clone());
        }
        let client_secret = draw.secret("alongside_cs_");
        let admin = Some(by_name(&accounts, "admin")?);
        let client = Client {
            id: Key(ClientId::new(draw.id())),
            programme_id: programme.id,
            name: "Trial software (demonstration)".to_owned(),
            secret_hash: hash_secret(&client_secret).to_vec(),
            scopes: Document(client_scopes().into_iter().map(str::to_owned).collect()),
            revoked_at: None,
            created_by: admin,
            created_at: At(now),
            version: 1,
            previous_secret_hash: None,
            previous_secret_until: None,
            requests_per_minute: 600,
        };
        // Drawn last: what was drawn before them is what it was in a demonstration made without them.
        let sittings = SCRIPTS.iter().map(|script| Sitting::new(&mut draw, script, now)).collect();
        let flag = draw.id();
        let steps = draw.aside(STEP_IDS);
        let signposts = signposts(&mut draw, programme.id, &sites, coordinator, now)?;
        Ok(Self {
            programme,
            sites,
            catalogue,
            accounts,
            records,
            client,
            client_secret,
            sittings,
            flag,
            steps,
            signposts,
            researcher: researcher.0,
        })
    }

    /// The person with this name in the cast.
    #[must_use]
    pub fn person(&self, name: &str) -> Option<PersonId> {
        self.accounts.iter().find(|account| account.name == name).map(|account| account.person.id.0)
    }

    /// The assessment to read first, and the study ID of the participant whose assessment is not finished.
    #[must_use]
    pub fn to_try(&self) -> Option<(AssessmentId, String)> {
        let read = self.sittings.get(TO_READ)?;
        let begun = self.sittings.get(TO_GO_ON_WITH)?;
        Some((read.id, self.records.get(begun.script.participant)?.study_id.clone()))
    }
}

fn programme(id: ProgrammeId, now: Timestamp) -> Programme {
    Programme {
        id: Key(id),
        code: CODE.to_owned(),
        name: "Demonstration programme (synthetic)".to_owned(),
        kind: Code(ProgrammeKind::Trial),
        timezone: "Europe/London".to_owned(),
        jurisdiction: "GB-ENG".to_owned(),
        synthetic: true,
        created_at: At(now),
        updated_at: At(now),
        version: 1,
    }
}

fn site(
    draw: &mut Draw,
    programme_id: Key<alongside_domain::id::kind::Programme>,
    code: &str,
    name: &str,
    kind: SiteKind,
    now: Timestamp,
) -> Site {
    Site {
        id: Key(SiteId::new(draw.id())),
        programme_id,
        code: code.to_owned(),
        name: name.to_owned(),
        kind: Code(kind),
        ods_code: None,
        local_authority: Some("Exampleshire County Council".to_owned()),
        // Numbers that Ofcom keeps for drama: nobody answers them.
        safeguarding_contact: Some(Document(SafeguardingContact {
            phone: "01632 960100".to_owned(),
            hours: "Monday to Friday, 09:00 to 17:00".to_owned(),
            out_of_hours: Some("01632 960199".to_owned()),
            form_url: Some("https://safeguarding.exampleshire.example/raise-a-concern".to_owned()),
        })),
        created_at: At(now),
        updated_at: At(now),
        version: 1,
    }
}

fn account(
    draw: &mut Draw,
    programme: Key<alongside_domain::id::kind::Programme>,
    name: &'static str,
    role: Role,
    now: Timestamp,
) -> Account {
    let id = Key(PersonId::new(draw.id()));
    let words: Vec<String> = name.split('_').map(capitalised).collect();
    let person = Person {
        id,
        email: format!("{name}@{DOMAIN}"),
        display_name: format!("{} (demonstration)", words.join(" ")),
        participant_id: None,
        password_hash: None,
        activation_hash: None,
        activation_expires_at: None,
        failed_attempts: 0,
        locked_until: None,
        deactivated_at: None,
        created_at: At(now),
        updated_at: At(now),
        version: 1,
    };
    let membership = Membership {
        id: Key(MembershipId::new(draw.id())),
        person_id: id,
        role: Code(role),
        programme_id: (role != Role::Admin).then_some(programme),
        site_id: None,
        granted_by: None,
        granted_at: At(now),
        ended_at: None,
    };
    Account { name, role, password: draw.password(), person, membership }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn record(
    draw: &mut Draw,
    index: usize,
    part: &'static Part,
    site: SiteId,
    researcher: Key<alongside_domain::id::kind::Person>,
    now: Timestamp,
) -> anyhow::Result<Record> {
    let id = ParticipantId::new(draw.id());
    let measured = part.agreed != Agreed::Nothing;
    Ok(Record {
        id,
        site,
        study_id: StudyId::from_random(draw.five()).as_str().to_owned(),
        part,
        language: match index {
            6 => "pl",
            11 => "cy",
            _ => "en-GB",
        },
        cells: cells(index)?,
        profile: measured.then(|| profile(DigitalProfileId::new(draw.id()), id, index, researcher, now)),
        signed: measured.then(|| signed(ConsentId::new(draw.id()), index, part.agreed, now)),
        assignment: None,
    })
}

fn cells(index: usize) -> anyhow::Result<Cells> {
    let given = GIVEN.get(index % GIVEN.len()).context("nobody has a first name")?;
    let family = FAMILY.get(index / GIVEN.len()).context("there are more participants than names")?;
    let years = i32::try_from(index % 28)?;
    let number = format!("07700 9001{index:02}");
    Ok(Cells {
        identity: Identity {
            name: format!("{given} {family}"),
            date_of_birth: NaiveDate::from_ymd_opt(1939 + years, 4, 12),
            nhs_number: None,
            address: Some(Address {
                lines: vec![format!("{} Invented Street", index + 1), "Exampleton".to_owned()],
                postcode: Some("ZZ99 9ZZ".to_owned()),
            }),
            phones: vec![number.clone()],
            email: None,
            gp: Some(Gp {
                practice: "Meadow Lane Surgery (synthetic)".to_owned(),
                name: None,
                phone: Some("01632 960110".to_owned()),
            }),
            emergency_contact: None,
        },
        safe_contact: SafeContact {
            numbers: vec![number],
            times: (index % 5 == 2).then(|| "Weekday mornings".to_owned()),
            no_voicemail: index % 5 == 2,
            no_post: index % 7 == 3,
            who_must_not_know: None,
        },
        needs: Needs {
            interpreter: index == 6,
            interpreter_language: (index == 6).then(|| "pl".to_owned()),
            communication: match index % 4 {
                0 => vec![CommunicationNeed::LargePrint, CommunicationNeed::Hearing],
                1 => vec![CommunicationNeed::ExtraTime],
                _ => Vec::new(),
            },
            access: if index.is_multiple_of(6) { vec![AccessNeed::Dexterity] } else { Vec::new() },
            note: None,
        },
        treatments: match index % 5 {
            0 => vec![Treatment::Surgery],
            1 => vec![Treatment::ExternalBeamRadiotherapy, Treatment::HormoneTherapy],
            2 => vec![Treatment::ActiveSurveillance],
            3 => vec![Treatment::Brachytherapy],
            _ => vec![Treatment::HormoneTherapy, Treatment::Chemotherapy],
        },
    })
}
/// The access class follows from the index: X0, X1, X2, X3 and round again.
fn profile(
    id: DigitalProfileId,
    participant: ParticipantId,
    index: usize,
    researcher: Key<alongside_domain::id::kind::Person>,
    now: Timestamp,
) -> DigitalProfile {
    let (internet, device, last_used, tasks, confidence) = match index % 4 {
        0 => (InternetAtHome::None, Device::None, LastUsed::Never, 0, 0),
        1 => (InternetAtHome::MobileOnly, Device::Smartphone, LastUsed::UnderThreeMonths, 4, 3),
        2 => (InternetAtHome::Broadband, Device::Tablet, LastUsed::Weekly, 8, 3),
        _ => (InternetAtHome::Broadband, Device::Computer, LastUsed::Daily, 8, 9),
    };
    let access = Access { device, last_used, uses_by_proxy: false, foundation_tasks: tasks, confidence };
    let class = access.class();
    DigitalProfile {
        id: Key(id),
        participant_id: Key(participant),
        time_point: TIME_POINT.to_owned(),
        internet_at_home: Code(internet),
        device: Code(device),
        device_shared: index % 8 == 2,
        data_affordable: Some(index % 4 != 1),
        last_used: Code(last_used),
        uses_by_proxy: false,
        foundation_tasks: i32::from(tasks),
        confidence: i32::from(confidence),
        motivation: Some(5),
        privacy_worry: Some(if index.is_multiple_of(3) { 7 } else { 2 }),
        barriers: Document(if index.is_multiple_of(4) { vec![Barrier::Sight] } else { Vec::new() }),
        available_helper: Some(index % 3 == 1),
        private_space: Some(index % 5 != 4),
        access_class: Code(class),
        could_do_alone: class.could_do_alone(false),
        recorded_by: researcher,
        recorded_at: At(now + TimeDelta::days(1)),
    }
}

fn signed(id: ConsentId, index: usize, agreed: Agreed, now: Timestamp) -> Signed {
    let refused: BTreeSet<&str> = match agreed {
        Agreed::Alone => BTreeSet::from([statement::SUPPORTER_CONTACT, statement::HOME_VISIT]),
        Agreed::HandsOff => BTreeSet::from([statement::SUPPORTER_SEES_ANSWERS, statement::SECTION_SCRIBE]),
        _ => BTreeSet::from([statement::AUDIO]),
    };
    let statements = &content::consent_form().statements;
    Signed {
        id,
        answers: statements.iter().map(|s| (s.code.clone(), !refused.contains(s.code.as_str()))).collect(),
        taken_on: (now + TimeDelta::days(1)).date_naive(),
        method: if index.is_multiple_of(3) { Method::Wet } else { Method::Electronic },
        taken_back: agreed == Agreed::TakenBack,
    }
}

fn assignment(
    id: AssignmentId,
    programme: &Programme,
    record: &Record,
    supporter: Key<alongside_domain::id::kind::Person>,
    coordinator: Key<alongside_domain::id::kind::Person>,
    state: State,
    now: Timestamp,
) -> Assignment {
    let day = |days: i64| At(now + TimeDelta::days(days));
    let went_on = matches!(state, State::Active | State::Ended);
    let ended = state == State::Ended;
    Assignment {
        id: Key(id),
        programme_id: programme.id,
        site_id: Key(record.site),
        participant_id: Key(record.id),
        supporter_id: supporter,
        purpose: Code(Purpose::DigitalHelp),
        state: Code(state),
        conditions: Document(Vec::new()),
        knows_participant: false,
        offered_by: coordinator,
        offered_at: day(2),
        accepted_at: went_on.then(|| day(3)),
        introduced_at: went_on.then(|| day(4)),
        started_at: went_on.then(|| day(5)),
        ended_at: ended.then(|| day(30)),
        end_reason: ended.then_some(Code(EndReason::Completed)),
        created_at: day(2),
        updated_at: day(if ended { 30 } else { 5 }),
        version: 1,
    }
}

/// How a consent was judged: everybody in the demonstration can decide for himself.
pub const CAPACITY: CapacityJudgement = CapacityJudgement::HasCapacity;

#[cfg(test)]
mod tests {
    use super::*;
    use alongside_domain::digital_profile::AccessClass;
    use std::collections::BTreeSet;
    use strum::VariantArray as _;

    #[test]
    fn the_cast_is_complete() {
        let plan = Plan::new(1).unwrap();
        assert_eq!(plan.accounts.len(), PEOPLE.len());
        let classes: BTreeSet<_> =
            plan.records.iter().filter_map(|r| r.profile.as_ref()).map(|p| p.access_class.0).collect();
        assert_eq!(classes.len(), AccessClass::VARIANTS.len());
        let roles: BTreeSet<_> = plan.accounts.iter().map(|account| account.role).collect();
        let all = Role::VARIANTS.iter().filter(|role| **role != Role::IntegrationClient).count();
        assert_eq!(roles.len(), all);
        let helped_by = |name: &str| {
            let id =
                plan.accounts.iter().find(|account| account.name == name).map(|account| account.person.id);
            let of = |r: &&Record| {
                r.assignment
                    .as_ref()
                    .is_some_and(|a| Some(a.supporter_id) == id && a.state.0 == State::Active)
            };
            plan.records.iter().filter(of).count()
        };
        assert!(helped_by("supporter_a") >= 4 && helped_by("supporter_b") >= 4);
        let names: BTreeSet<_> = plan.records.iter().map(|r| r.cells.identity.name.clone()).collect();
        assert_eq!(names.len(), PARTICIPANTS.len());
    }

    #[test]
    fn the_same_seed_makes_the_same_people() {
        let (one, again, other) = (Plan::new(5).unwrap(), Plan::new(5).unwrap(), Plan::new(6).unwrap());
        let print = |plan: &Plan| {
            let logins: Vec<_> = plan.accounts.iter().map(|a| (a.person.id, a.password.clone())).collect();
            (
                logins,
                plan.client_secret.clone(),
                plan.records.iter().map(|r| r.study_id.clone()).collect::<Vec<_>>(),
            )
        };
        assert_eq!(print(&one), print(&again));
        assert_ne!(print(&one), print(&other));
    }
}
