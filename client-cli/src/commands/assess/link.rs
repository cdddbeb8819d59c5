//! The line to the server during an assessment: every answer is durable there before the next question is asked.

use alongside_domain::choice::Choice as _;
use alongside_domain::clock::{Clock as _, Ids as _, System};
use alongside_domain::instrument::{Answer, Definition};
use alongside_domain::language::Language;
use anyhow::Result;
use serde_json::{Value, json};
use uuid::Uuid;

use super::help::Help;
use crate::client::Client;
use crate::exit::{Exit, Stop};
use crate::problem::Problem;

/// The most answers that go in one request.
pub const BATCH: usize = 200;

/// One assessment on the server.
pub struct Link<'a> {
    client: &'a Client,
    pub id: Uuid,
    /// The session of help that this program opened.
    session: Option<Uuid>,
    /// The language of the words that this program shows.
    language: Option<Language>,
}

/// What became of an attempt to save.
#[derive(Debug)]
pub enum Saving {
    /// The answers are durable; with what the server adds, such as what comes next.
    Saved(Value),
    /// The server does not accept them, and says why. Nothing of them was kept.
    Refused(Problem),
    /// The session of help is over; nothing was kept.
    SessionOver,
    /// Nobody answered, in these words. Perhaps something was kept; the same again does no harm.
    NoLine(String),
}

impl<'a> Link<'a> {
    /// The assessment with this id, which exists.
    pub fn to(client: &'a Client, id: Uuid) -> Self {
        Self { client, id, session: None, language: None }
    }

    /// Begins an assessment.
    pub fn begin(client: &'a Client, about: &Value) -> Result<Self> {
        let id = System.fresh();
        let mut about = about.clone();
        if let Some(members) = about.as_object_mut() {
            members.insert("id".into(), id.to_string().into());
        }
        client.post("/v1/assessments", &about)?;
        Ok(Self::to(client, id))
    }

    fn path(&self, end: &str) -> String {
        format!("/v1/assessments/{}{end}", self.id)
    }

    /// The assessment as it may be seen now.
    pub fn read(&self) -> Result<Value> {
        self.client.get(&self.path(""))
    }

    /// Opens a session of help: the participant said yes to being helped, and, where he was asked, to being typed for in
    /// these sections.
    pub fn open_session(&mut self, help: &Help, sections: Option<&[String]>) -> Result<()> {
        let mut session = help.to_json();
        if let Some(members) = session.as_object_mut() {
            members.insert("affirmed".into(), true.into());
            if let Some(sections) = sections {
                members.insert("sections_consented".into(), sections.into());
            }
        }
        let opened = self.client.post(&self.path("/assistance-sessions"), &session)?;
        self.session = opened.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
        Ok(())
    }

    /// The help or the company changed, or the device changed hands.
    pub fn start_segment(&self, segment: &Value) -> Result<()> {
        self.client.post(&self.path("/segments"), segment).map(drop)
    }

    /// The participant opened a private section to the helper.
    pub fn open_section(&self, section: &str) -> Result<()> {
        self.client.post(&self.path("/section-openings"), &json!({"link_id": section})).map(drop)
    }

    /// Closes the session that this program opened. That it expires by itself makes a failure harmless.
    pub fn close_session(&mut self) {
        if let Some(session) = self.session.take() {
            let _ = self.close(session);
        }
    }

    /// Closes a session that an earlier run left open.
    pub fn close(&self, session: Uuid) -> Result<()> {
        self.client.post_bare(&self.path(&format!("/assistance-sessions/{session}/closure"))).map(drop)
    }

    /// From now on the questions are shown in the words of this questionnaire. One that does not say in which language it is
    /// leaves it open.
    pub fn show(&mut self, definition: &Definition) {
        self.language = definition.language().and_then(|tag| tag.parse().ok());
    }

    /// Saves answers, all or none.
    pub fn save(&self, answers: &[Value]) -> Result<Saving> {
        let mut body = json!({"answers": answers});
        if let (Some(members), Some(language)) = (body.as_object_mut(), &self.language) {
            members.insert("language".into(), language.as_str().into());
        }
        match self.client.post(&self.path("/answers"), &body) {
            Ok(reply) => Ok(Saving::Saved(reply)),
            Err(error) => judge(error),
        }
    }

    /// Hands the assessment in.
    pub fn submit(&mut self) -> Result<Value> {
        let submitted = self.client.post_bare(&self.path("/submission"))?;
        // The server closed it along with the assessment.
        self.session = None;
        Ok(submitted)
    }
}

/// An answer as it is sent: with the time by this device's clock.
pub fn to_json(answer: &Answer) -> Value {
    json!({
        "link_id": answer.key.link_id, "occurrence": answer.key.occurrence, "state": answer.state.code(),
        "values": answer.values, "device_at": System.now(),
    })
}

/// What can be mended where the person sits, and what cannot.
fn judge(error: anyhow::Error) -> Result<Saving> {
    let error = match error.downcast::<Problem>() {
        Ok(problem) if problem.is("no-open-session") => return Ok(Saving::SessionOver),
        Ok(problem) if problem.status == 422 => return Ok(Saving::Refused(problem)),
        Ok(problem) if matches!(problem.exit(), Exit::TryLater | Exit::ServerFailure) => {
            return Ok(Saving::NoLine(problem.to_string()));
        }
        Ok(problem) => return Err(problem.into()),
        Err(other) => other,
    };
    match error.downcast::<Stop>() {
        Ok(stop) if stop.exit == Exit::TryLater => Ok(Saving::NoLine(stop.words)),
        Ok(stop) => Err(stop.into()),
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_mended_is_told_apart() {
        let of = |status, code: &str| {
            let body = json!({"code": code, "title": "t"}).to_string();
            judge(Problem::read(status, body.as_bytes()).into())
        };
        assert!(matches!(of(422, "invalid"), Ok(Saving::Refused(_))));
        assert!(matches!(of(409, "no-open-session"), Ok(Saving::SessionOver)));
        assert!(matches!(of(503, "unavailable"), Ok(Saving::NoLine(_))));
        assert!(of(409, "already-submitted").is_err());
        assert!(matches!(judge(Stop::because(Exit::TryLater, "no line")), Ok(Saving::NoLine(_))));
    }
}
