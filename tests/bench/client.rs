//! The few requests that prepare a measurement.

use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use ureq::Agent;
use uuid::Uuid;

/// The role that reads the whole programme and may fill in assessments.
const ROLE: &str = "researcher";

/// Somebody signed in at a server.
pub struct Client {
    base: String,
    agent: Agent,
    pub token: String,
    pub person: Uuid,
    /// The body of the sign-in itself.
    pub credentials: String,
}

impl Client {
    /// Signs in with what the demonstration left in `folder`.
    pub fn sign_in(base: &str, folder: &Path) -> anyhow::Result<Self> {
        let accounts: Value = serde_json::from_slice(&std::fs::read(folder.join("demo.json"))?)?;
        let account =
            accounts.pointer(&format!("/people/{ROLE}")).context("the demonstration has no researcher")?;
        let text = |name: &str| account.get(name).and_then(Value::as_str).context("demo.json looks odd");
        let credentials = json!({"email": text("email")?, "password": text("password")?}).to_string();
        let agent = Agent::config_builder().http_status_as_error(false).build().new_agent();
        let mut client = Self {
            base: base.to_owned(),
            agent,
            token: String::new(),
            person: text("person_id")?.parse()?,
            credentials,
        };
        let (status, tokens) = client.post("/v1/sessions", &client.credentials)?;
        ensure!(status == 201, "signing in answered {status}: {tokens}");
        tokens.get("access_token").and_then(Value::as_str).context("no token")?.clone_into(&mut client.token);
        Ok(client)
    }

    pub fn get(&self, path: &str) -> anyhow::Result<Value> {
        let request =
            self.agent.get(format!("{}{path}", self.base)).header("Authorization", self.authorization());
        let mut response = request.call()?;
        let body: Value = response.body_mut().read_json()?;
        ensure!(response.status().is_success(), "GET {path} answered {}: {body}", response.status());
        Ok(body)
    }

    pub fn post(&self, path: &str, body: &str) -> anyhow::Result<(u16, Value)> {
        let mut request =
            self.agent.post(format!("{}{path}", self.base)).header("Content-Type", "application/json");
        if !self.token.is_empty() {
            request = request.header("Authorization", self.authorization());
        }
        let mut response = request.send(body)?;
        Ok((response.status().as_u16(), response.body_mut().read_json()?))
    }

    fn authorization(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// The id of the programme's version of an instrument.
    pub fn instrument(&self, url: &str) -> anyhow::Result<Uuid> {
        let page = self.get("/v1/instruments?limit=200")?;
        let found = items(&page)?.iter().find(|item| item.get("url").and_then(Value::as_str) == Some(url));
        let id = found.and_then(|item| item.get("id")).and_then(Value::as_str);
        Ok(id.with_context(|| format!("the demonstration has no {url}"))?.parse()?)
    }

    /// A participant for whom this assessment is accepted.
    pub fn willing_participant(&self, assessment: &str) -> anyhow::Result<Value> {
        let page = self.get("/v1/participants?limit=200")?;
        let mut last = None;
        for participant in items(&page)? {
            let id = participant.get("id").and_then(Value::as_str).context("a participant without an id")?;
            let (status, answer) = self.post("/v1/assessments", &assessment.replace("%ID%", id))?;
            if status == 201 {
                return self.get(&format!("/v1/participants/{id}"));
            }
            last = Some(answer);
        }
        anyhow::bail!("no participant can be assessed: {last:?}")
    }
}

fn items(page: &Value) -> anyhow::Result<&Vec<Value>> {
    page.get("items").and_then(Value::as_array).context("a page without items")
}
