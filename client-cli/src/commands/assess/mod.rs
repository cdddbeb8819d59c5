//! Filling in an assessment together: one question a screen, each answer saved at once, private sections handed over.

mod another;
mod ask;
mod course;
mod help;
mod link;
mod private;
mod review;
mod scribe;
mod script;
mod sitting;
mod typed;

use std::path::PathBuf;

use alongside_domain::instrument::Definition;
use alongside_domain::provenance::{KeyedBy, Level, OthersPresent};
use anyhow::{Result, anyhow};
use serde_json::{Value, json};
use uuid::Uuid;

use self::help::Said;
use self::link::Link;
use super::{instrument, participant};
use crate::Run;
use crate::client::Client;
use crate::exit::{Exit, Stop};
use crate::output::{needed, text};

const AFTER_HELP: &str = "\
Without --answers, it asks one question after the other. Each answer is saved at once,
so you can stop at any time and go on later. While it asks, type

  a number, y or n, or the answer in words
  b  go back             s  leave this out      p  rather not say
  h  more about this     q  stop for now        l  the help, or who is here, has changed

Where an answer in words is only one of these letters, put it in quotes: \"s\".

Private questions are for the person alone: the device is handed over.

With --answers, nothing is asked. The file is a document such as

  {\"answers\": [{\"link_id\": \"URI.leakage.gate\", \"code\": \"yes\"},
               {\"link_id\": \"URI.leakage.bother\", \"value\": 7},
               {\"link_id\": \"URI.leakage.words\", \"state\": \"skipped\"}],
   \"submit\": true}

In a repeating group, \"occurrence\": [1] is the second one; \"new\": 0 is one more than there
are, \"new\": 1 the next. A question that takes several values has a list: \"value\": [..].

An answer has a `code`, or several `codes`, of the question's list; or a `value`; or
`values` as FHIR has them; or a `state`: skipped, prefer_not or not_shown. How help is given
stands in --level, --keyed-by and --present; where it changes on the way, in
\"segments\": [{\"level\", \"keyed_by\", \"others_present\", \"handed_over\"}], to which the answers
refer by \"segment\": 0, 1, ... Sections the person opened to the helper stand in \"open_sections\",
and at level A4 those that they want typed for them in \"sections_consented\".";

#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// Study ID or record ID
    #[arg(value_name = "PARTICIPANT")]
    participant: String,
    /// Name, web address or ID of the questionnaire
    #[arg(long, default_value = "prostate-hna")]
    instrument: String,
    /// Which time this is asked, such as T0; without it, the assessment that is open, or else T0
    #[arg(long)]
    time_point: Option<String>,
    /// in_person, telephone, video, online or paper
    #[arg(long, default_value = "in_person")]
    channel: alongside_domain::assessment::Channel,
    /// Take the answers from this file, or - for standard input, and ask nothing
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// How much help there is: A1, A2, A3, A4 or A5
    #[arg(long)]
    level: Option<Level>,
    /// Who presses the keys: participant, supporter, family_friend, researcher or clinician
    #[arg(long)]
    keyed_by: Option<KeyedBy>,
    /// Who else is there: nobody, or partner, family, carer, friend, professional, other
    #[arg(long, value_delimiter = ',')]
    present: Vec<OthersPresent>,
    /// The person said yes to being helped, today
    #[arg(long)]
    affirmed: bool,
}

impl Args {
    fn said(&self) -> Said {
        Said { level: self.level, keyed_by: self.keyed_by, present: self.present.clone() }
    }
}

pub fn run(run: &Run, args: &Args) -> Result<()> {
    match &args.answers {
        Some(file) => script::run(run, args, file),
        None => sitting::run(run, args),
    }
}

/// The assessment to work on, with its questionnaire.
struct Found<'a> {
    link: Link<'a>,
    definition: Definition,
    /// Whether it was begun before.
    is_resumed: bool,
}

/// Goes on with the assessment of this participant, questionnaire and time point; where there is none, begins one.
fn find<'a>(client: &'a Client, args: &Args) -> Result<Found<'a>> {
    let participant = participant::find(client, &args.participant)?;
    let participant = needed(&participant, "id")?;
    let open = client.list(
        "/v1/assessments",
        &[("participant_id", participant), ("status", "in_progress")],
        usize::MAX,
    )?;
    let of = |assessment: &Value, name: &str| text(assessment, &[name]).map(str::to_owned);
    // One that was begun with an older version of the questionnaire is finished with that version.
    let is_meant = |one: &&Value| {
        args.time_point.as_deref().is_none_or(|wanted| text(one, &["time_point"]) == Some(wanted))
    };
    for assessment in open.iter().rev().filter(is_meant) {
        let id = |name: &str| of(assessment, name).and_then(|id| Uuid::try_parse(&id).ok());
        let (Some(id), Some(instrument_id)) = (id("id"), id("instrument_id")) else { continue };
        if instrument::is(client, instrument_id, &args.instrument)? {
            let link = Link::to(client, id);
            return Ok(Found { definition: definition(client, instrument_id)?, link, is_resumed: true });
        }
    }
    let instrument_id = instrument::find(client, &args.instrument)?;
    let definition = definition(client, instrument_id)?;
    let link = Link::begin(
        client,
        &json!({
            "participant_id": participant, "instrument_id": instrument_id, "time_point": args.time_point.as_deref().unwrap_or("T0"),
            "channel": args.channel,
        }),
    )?;
    Ok(Found { link, definition, is_resumed: false })
}

fn definition(client: &Client, instrument_id: Uuid) -> Result<Definition> {
    let source: Value = serde_json::from_str(instrument::source(client, instrument_id)?.get())?;
    let parsed = Definition::parse(&source);
    parsed.map(|parsed| parsed.definition).map_err(|_| {
        anyhow!("This version of the program cannot read the questionnaire. A newer version may.")
    })
}

/// Closes what an earlier run of this program left open on the assessment; 409 where it is somebody else's.
fn take_over(client: &Client, link: &Link<'_>) -> Result<()> {
    let assessment = link.read()?;
    let Some(session) = assessment.get("open_session").filter(|session| !session.is_null()) else {
        return Ok(());
    };
    let me = client.get("/v1/sessions/current")?;
    let me = text(&me, &["person_id"]).or_else(|| text(&me, &["client_id"]));
    if text(session, &["helper_id"]) != me {
        let words =
            "Somebody else is helping with this assessment right now. Try again when they have finished.";
        return Err(Stop::because(Exit::Conflict, words));
    }
    match text(session, &["id"]).and_then(|id| Uuid::try_parse(id).ok()) {
        Some(id) => link.close(id),
        None => Ok(()),
    }
}
