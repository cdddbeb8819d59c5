//! What goes into an access report, read from everything that is held about a participant but safeguarding flags: those
//! are never looked at here, so that nothing about the report, its length or its time hangs on whether there are any.

use std::collections::HashMap;
use std::fmt::Display;

use alongside_domain::access_record::{Use, sentence};
use alongside_domain::access_report::{Entry, Report, Section, notes};
use alongside_domain::audit::{Outcome, named_in_plain_words};
use alongside_domain::id::{ParticipantId, PersonId};
use alongside_domain::policy::Role;
use alongside_domain::rights_request::ThirdParty;
use alongside_store::participant::Participant;
use alongside_store::rights_request::RightsRequest;
use alongside_store::{
    Duty, StoreError, assignment, audit_list, care_plan, care_plan_action, care_plan_copy, care_plan_step,
    client, consent, consent_form, digital_profile, emergency_access, mail, participant, person, programme,
    rights_request, site, status_change,
};
use chrono::NaiveDate;
use strum::VariantArray as _;

use super::rights_answers;
use crate::http::{Ctx, Refusal};

/// Most of each kind of thing that a report holds.
pub(super) const MOST: u32 = 10_000;
/// Uses of the record are read this many at a time.
const USES: u32 = 200;

/// Who made what is reported, and what of it goes out.
pub(super) struct Reading {
    pub man: ParticipantId,
    released: Vec<ThirdParty>,
    names: HashMap<PersonId, String>,
}

impl Reading {
    pub fn lets(&self, matter: ThirdParty) -> bool {
        self.released.contains(&matter)
    }

    /// The text, where what is about others like this goes out.
    pub fn released<T>(&self, matter: ThirdParty, text: Option<T>) -> Option<T> {
        text.filter(|_| self.lets(matter))
    }

    /// The name of somebody who works here, or of nobody known any more.
    pub fn name(&mut self, ctx: &mut Ctx<'_, '_>, id: PersonId) -> Result<String, Refusal> {
        if let Some(known) = self.names.get(&id) {
            return Ok(known.clone());
        }
        let found =
            person::names(ctx.db, &[id])?.remove(&id).unwrap_or_else(|| "a connected program".to_owned());
        self.names.insert(id, found.clone());
        Ok(found)
    }
}

/// A code as people read it.
pub(super) fn words(code: impl Display) -> String {
    code.to_string().replace('_', " ")
}

pub(super) fn all(codes: &[impl Display]) -> Option<String> {
    let codes: Vec<String> = codes.iter().map(words).collect();
    (!codes.is_empty()).then(|| codes.join(", "))
}

pub(super) fn yes(it: bool) -> &'static str {
    if it { "yes" } else { "no" }
}

pub(super) fn day(on: NaiveDate) -> String {
    on.format("%-d %B %Y").to_string()
}

fn section(code: &str, title: &str, entries: Vec<Entry>) -> Section {
    Section { code: code.to_owned(), title: title.to_owned(), entries }
}

/// The report on the participant of a request, with what both who decided let out.
///
/// # Errors
/// What the database says, or that a cell does not open.
pub(super) fn report(
    ctx: &mut Ctx<'_, '_>,
    request: &RightsRequest,
    released: Vec<ThirdParty>,
    safeguarding: Option<&str>,
) -> Result<Report, Refusal> {
    let man = participant::find(ctx.db, ctx.scope, request.participant_id.0)?;
    let programme = programme::find(ctx.db, ctx.scope, request.programme_id.0)?;
    let mut reading = Reading { man: man.id.0, released, names: HashMap::new() };
    let mut sections = vec![
        section("identity", "Who you are, and how we reach you", identity(ctx, &reading, &man)?),
        section("consents", "What you agreed to", consents(ctx, &mut reading)?),
        section("digital_profiles", "How you use the internet", profiles(ctx, &mut reading)?),
        section("status_changes", "Your way through the programme", steps(ctx, &mut reading)?),
        section("assignments", "Who helps you", helpers(ctx, &mut reading)?),
    ];
    sections.extend(rights_answers::sections(ctx, &mut reading)?);
    sections.push(section("care_plans", "Your care plans, and who got a copy", plans(ctx, &mut reading)?));
    sections.push(section("mails", "Letters this service sent to your account", letters(ctx, &reading)?));
    sections.push(section(
        "rights_requests",
        "What you asked us about your record",
        requests(ctx, &reading)?,
    ));
    sections.push(section("uses", "Who used your record", uses(ctx, &reading, &programme.timezone)?));
    if let Some(said) = safeguarding {
        let entry = Entry::default().with("What we can tell you", said);
        sections.push(section("safeguarding", "About your safety", vec![entry]));
    }
    let kept_back = ThirdParty::VARIANTS.iter().copied().filter(|matter| !reading.lets(*matter));
    Ok(Report {
        study_id: man.study_id,
        programme: programme.name,
        timezone: programme.timezone,
        synthetic: programme.synthetic,
        made_at: ctx.now,
        sections,
        left_out: kept_back.collect(),
        notes: notes(),
    })
}

fn identity(ctx: &mut Ctx<'_, '_>, reading: &Reading, man: &Participant) -> Result<Vec<Entry>, Refusal> {
    let keys = ctx.keys_of(reading.man)?;
    let (who, safe, needs) = (man.identity(&keys)?, man.safe_contact(&keys)?, man.needs(&keys)?);
    let site = site::find(ctx.db, ctx.scope, man.site_id.0)?;
    let address = who
        .address
        .map(|address| address.lines.into_iter().chain(address.postcode).collect::<Vec<_>>().join("\n"));
    let gp = who.gp.map(|gp| {
        [Some(gp.practice), gp.name, gp.phone].into_iter().flatten().collect::<Vec<_>>().join(", ")
    });
    let contact = who.emergency_contact.map(|contact| {
        [Some(contact.name), contact.relationship, Some(contact.phone)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(", ")
    });
    let about = Entry::default()
        .with("Name", who.name)
        .with("Study number", man.study_id.clone())
        .with("Site", site.name)
        .with("Where you are in the programme", words(man.status.0))
        .with("Language", man.language.clone())
        .maybe("Born", who.date_of_birth.map(day))
        .maybe("NHS number", who.nhs_number.map(|number| number.as_str().to_owned()))
        .maybe("Address", address)
        .maybe("Telephone", (!who.phones.is_empty()).then(|| who.phones.join(", ")))
        .maybe("E-mail", who.email)
        .maybe("GP", gp)
        .maybe("Whom we call for you", reading.released(ThirdParty::Contacts, contact))
        .maybe("Treatments", all(&man.treatments(&keys)?))
        .with("A supporter may be in touch", yes(man.supporter_contact_allowed));
    let reach = Entry::new("How we reach you safely")
        .maybe("Numbers we may ring", (!safe.numbers.is_empty()).then(|| safe.numbers.join(", ")))
        .maybe("When", safe.times)
        .with("No message on the machine", yes(safe.no_voicemail))
        .with("No letters", yes(safe.no_post))
        .maybe("Who must not know", reading.released(ThirdParty::Contacts, safe.who_must_not_know));
    let help = Entry::new("What a helper must know")
        .with("Interpreter", yes(needs.interpreter))
        .maybe("Into", needs.interpreter_language)
        .maybe("Communication", all(&needs.communication))
        .maybe("Access", all(&needs.access))
        .maybe("Note", reading.released(ThirdParty::Notes, needs.note));
    Ok(vec![about, reach, help])
}

fn consents(ctx: &mut Ctx<'_, '_>, reading: &mut Reading) -> Result<Vec<Entry>, Refusal> {
    let keys = ctx.keys_of(reading.man)?;
    let mut entries = Vec::new();
    for row in consent::list(ctx.db, reading.man, false, None, MOST)? {
        let form = consent_form::find(ctx.db, ctx.scope, row.consent_form_id.0)?;
        let mut entry = Entry::new(format!("{}, {}", form.title, day(row.taken_on)))
            .with("Taken by", reading.name(ctx, row.taken_by.0)?)
            .with("How", words(row.method.0))
            .maybe("Witness", reading.released(ThirdParty::Witnesses, row.witness(&keys)?))
            .with("Version of the form", form.doc_version);
        for statement in &form.statements.0 {
            if let Some(agreed) = row.answers.0.get(&statement.code) {
                let taken_back = row.withdrawn_statements.as_ref();
                let gone = taken_back.is_some_and(|taken_back| taken_back.0.contains(&statement.code));
                let said = if gone { "yes, and taken back later" } else { yes(*agreed) };
                entry = entry.with(statement.text.clone(), said);
            }
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn profiles(ctx: &mut Ctx<'_, '_>, reading: &mut Reading) -> Result<Vec<Entry>, Refusal> {
    let mut entries = Vec::new();
    for row in digital_profile::list(ctx.db, reading.man, None, MOST)? {
        let by = reading.name(ctx, row.recorded_by.0)?;
        let entry = Entry::new(format!("{}, {}", row.time_point, day(row.recorded_at.0.date_naive())))
            .with("Written down by", by)
            .with("Internet at home", words(row.internet_at_home.0))
            .with("Device", words(row.device.0))
            .with("Shared with others", yes(row.device_shared))
            .with("Last used", words(row.last_used.0))
            .with("Somebody else does it", yes(row.uses_by_proxy))
            .with("Tasks you can do alone, of eight", row.foundation_tasks.to_string())
            .with("How confident, of ten", row.confidence.to_string())
            .maybe("How much you want to, of ten", row.motivation.map(|of_ten| of_ten.to_string()))
            .maybe("How worried about privacy, of ten", row.privacy_worry.map(|of_ten| of_ten.to_string()))
            .maybe("What makes it hard", all(&row.barriers.0))
            .maybe("Can afford it", row.data_affordable.map(yes))
            .maybe("Somebody is there to help", row.available_helper.map(yes))
            .maybe("A place to be alone", row.private_space.map(yes))
            .with("What we made of it", words(row.access_class.0))
            .with("Could fill in a form alone", yes(row.could_do_alone));
        entries.push(entry);
    }
    Ok(entries)
}

fn steps(ctx: &mut Ctx<'_, '_>, reading: &mut Reading) -> Result<Vec<Entry>, Refusal> {
    let mut entries = Vec::new();
    for row in status_change::list(ctx.db, reading.man, None, MOST)? {
        let by = reading.name(ctx, PersonId::new(row.recorded_by.0.uuid()))?;
        let entry = Entry::new(format!("{}, {}", words(row.to_status.0), day(row.effective_on)))
            .with("Before", words(row.from_status.0))
            .maybe("Why", row.reason.map(|reason| words(reason.0)))
            .maybe("Who decided", row.decided_by.map(|by| words(by.0)))
            .with("Written down by", by);
        entries.push(entry);
    }
    Ok(entries)
}

fn helpers(ctx: &mut Ctx<'_, '_>, reading: &mut Reading) -> Result<Vec<Entry>, Refusal> {
    let filter = assignment::Filter { participant_id: Some(reading.man), ..assignment::Filter::default() };
    let mut entries = Vec::new();
    for row in assignment::list(ctx.db, ctx.scope, &filter, None, MOST)? {
        let on = |at: alongside_store::types::At| day(at.0.date_naive());
        let entry = Entry::new(reading.name(ctx, row.supporter_id.0)?)
            .with("What for", words(row.purpose.0))
            .with("How far", words(row.state.0))
            .with("Asked on", on(row.offered_at))
            .maybe("Began", row.started_at.map(on))
            .maybe("Ended", row.ended_at.map(on))
            .maybe("Why it ended", row.end_reason.map(|reason| words(reason.0)));
        entries.push(entry);
    }
    Ok(entries)
}

fn plans(ctx: &mut Ctx<'_, '_>, reading: &mut Reading) -> Result<Vec<Entry>, Refusal> {
    let keys = ctx.keys_of(reading.man)?;
    let filter = care_plan::Filter { participant: Some(reading.man), ..care_plan::Filter::default() };
    let mut entries = Vec::new();
    for plan in care_plan::list(ctx.db, ctx.scope, filter, None, i64::from(MOST))? {
        let made = day(plan.created_at.0.date_naive());
        let entry = Entry::new(format!("Care plan of {made}"))
            .with("How far", words(plan.status.0))
            .maybe("We look at it again", plan.review_on.map(day));
        entries.push(entry);
        for action in care_plan_action::list(ctx.db, &plan)? {
            let content = action.content(&keys)?;
            let signs: Vec<String> = content.signposts.iter().map(|sign| sign.title.clone()).collect();
            let entry = Entry::new(content.title)
                .with("What", words(action.action.0))
                .with("Who does it", words(action.owner.0))
                .with("How far", words(action.status.0))
                .maybe("By when", action.due_on.map(day))
                .maybe("In your own words", content.own_words)
                .maybe("What should be different", content.goal)
                .maybe("What came of it", content.outcome)
                .maybe("Where to turn to", (!signs.is_empty()).then(|| signs.join(", ")));
            entries.push(entry);
        }
        for step in care_plan_step::list(ctx.db, &plan)? {
            let record = step.record(&keys)?;
            let on = day(step.done_at.0.date_naive());
            let entry = Entry::new(format!("{}, {on}", words(step.step.0)))
                .with("By", reading.name(ctx, step.done_by.0)?)
                .maybe("Who was there", reading.released(ThirdParty::PeoplePresent, all(&record.with)))
                .maybe("How", record.channel.map(words))
                .maybe("Note", reading.released(ThirdParty::Notes, record.note));
            entries.push(entry);
        }
        for copy in care_plan_copy::list(ctx.db, &plan)? {
            let detail = copy.detail(&keys)?;
            let on = day(copy.sent_at.0.date_naive());
            let entry = Entry::new(format!("A copy for {}, {on}", words(copy.recipient.0)))
                .with("Sent by", reading.name(ctx, copy.sent_by.0)?)
                .with("How", format!("{}, {}", words(copy.format.0), words(copy.delivery.0)))
                .maybe("To", reading.released(ThirdParty::Recipients, detail.recipient_name));
            entries.push(entry);
        }
    }
    Ok(entries)
}

fn letters(ctx: &mut Ctx<'_, '_>, reading: &Reading) -> Result<Vec<Entry>, Refusal> {
    let of = |row: mail::Mail| {
        Entry::new(format!("{}, {}", words(row.kind.0), day(row.created_at.0.date_naive())))
            .maybe("What came of it", row.outcome.map(|outcome| words(outcome.0)))
    };
    // Letters are closed to all but whom they are for.
    let sent = ctx.db.within(Duty::AccessRecord, |db| mail::of_participant(db, reading.man))?;
    Ok(sent.into_iter().map(of).collect())
}

fn requests(ctx: &mut Ctx<'_, '_>, reading: &Reading) -> Result<Vec<Entry>, Refusal> {
    let keys = ctx.keys_of(reading.man)?;
    let filter =
        rights_request::Filter { participant: Some(reading.man), ..rights_request::Filter::default() };
    let mut entries = Vec::new();
    for row in rights_request::list(ctx.db, ctx.scope, &filter, None, MOST)? {
        let asked = row.asked(&keys)?;
        let entry = Entry::new(format!("{}, {}", words(row.kind.0), day(row.received_on)))
            .with("What you asked", asked.words)
            .maybe("On your behalf", asked.on_behalf)
            .with("How far", words(row.state.0));
        entries.push(entry);
    }
    Ok(entries)
}

/// Not what safeguarding leads looked at, as on his own screen: that would tell whoever sees it that somebody is worried.
fn uses(ctx: &mut Ctx<'_, '_>, reading: &Reading, timezone: &str) -> Result<Vec<Entry>, Refusal> {
    let filter = audit_list::Filter {
        without_role: Some(Role::SafeguardingLead),
        // What a privacy officer holds back of an emergency is not told here either.
        without_access: emergency_access::held_from(ctx.db, reading.man)?,
        ..audit_list::Filter::default()
    };
    let (mut entries, mut before) = (Vec::new(), None);
    loop {
        let page = audit_list::of_participant(ctx.db, ctx.scope, reading.man, &filter, before, USES)?;
        let Some(last) = page.last().map(|event| event.id.0) else { break };
        before = Some(last);
        let people: Vec<_> = page.iter().filter_map(|event| event.person_id).map(|id| id.0).collect();
        let clients: Vec<_> = page.iter().filter_map(|event| event.client_id).map(|id| id.0).collect();
        // Who reached for him from another programme has a name as well.
        let (people, clients) = ctx.db.within(Duty::AccessRecord, |db| {
            Ok::<_, StoreError>((person::names(db, &people)?, client::names(db, &clients)?))
        })?;
        let accesses: Vec<_> = page.iter().filter_map(emergency_access::used).collect();
        let reasons = emergency_access::reasons(ctx.db, &accesses)?;
        for event in &page {
            let told = Use {
                at: event.at.0,
                timezone,
                who: event.person_id.and_then(|id| people.get(&id.0)).map(String::as_str),
                client: event.client_id.and_then(|id| clients.get(&id.0)).map(String::as_str),
                role: event.role.map(|role| role.0),
                what: named_in_plain_words(&event.operation),
                outcome: Outcome::of_status(event.status),
                emergency: emergency_access::used(event).and_then(|id| reasons.get(&id)).copied(),
            };
            entries.push(Entry::new(sentence(&told, true)));
        }
        if entries.len() >= usize::try_from(MOST).unwrap_or(usize::MAX) {
            entries.push(Entry::new("There is more from before. Ask us for it."));
            break;
        }
    }
    Ok(entries)
}
