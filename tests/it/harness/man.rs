//! The person who is helped, made through the API as a coordinator would.

use alongside_domain::id::{ConsentId, ParticipantId, SiteId};
use alongside_domain::policy::Role;
use serde_json::{Map, Value, json};

use super::caller::Caller;
use super::world::{World, id};

/// A participant of the test's programme.
#[derive(Debug, Clone)]
pub struct Man {
    pub id: ParticipantId,
    pub study_id: String,
    pub consent: Option<ConsentId>,
}

impl Man {
    pub fn path(&self) -> String {
        format!("/v1/participants/{}", self.id)
    }
}

/// A participant in the making.
pub struct Making {
    coordinator: Caller,
    site: SiteId,
    offline: bool,
    consented: bool,
    refused: Vec<&'static str>,
    supporters: Vec<Caller>,
}

impl World {
    pub fn participant(&self) -> Making {
        Making {
            coordinator: self.sign_in(Role::Coordinator),
            site: self.sites[0],
            offline: false,
            consented: false,
            refused: Vec::new(),
            supporters: Vec::new(),
        }
    }

    /// Takes an added instrument into use.
    pub fn activate(&self, instrument: &Value) {
        let path = format!("/v1/instruments/{}/activation", instrument["id"].as_str().unwrap());
        let ground = json!({"waiver": "An example that is free to use."});
        self.sign_in(Role::TrialManager).post(&path, &ground).ok();
    }

    /// The shipped instrument with this name at the end of its URL.
    pub fn instrument(&self, name: &str) -> Value {
        let reader = self.sign_in(Role::TrialManager);
        let all = reader.get("/v1/instruments?limit=200").ok();
        let found =
            all["items"].as_array().unwrap().iter().find(|one| one["url"].as_str().unwrap().ends_with(name));
        found.unwrap_or_else(|| panic!("no instrument {name}: {all}")).clone()
    }
}

impl Making {
    pub fn at(mut self, site: SiteId) -> Self {
        self.site = site;
        self
    }

    /// No device, never online: X0.
    pub fn offline(mut self) -> Self {
        self.offline = true;
        self
    }

    /// Yes to every statement but those refused.
    pub fn consented(mut self) -> Self {
        self.consented = true;
        self
    }

    pub fn but_not(mut self, statement: &'static str) -> Self {
        self.refused.push(statement);
        self
    }

    /// With an active assignment to this supporter.
    pub fn helped_by(mut self, supporter: &Caller) -> Self {
        self.supporters.push(supporter.clone());
        self
    }

    pub fn create(self) -> Man {
        let made = self
            .coordinator
            .post(
                "/v1/participants",
                &json!({"site_id": self.site, "identity": {"name": "Walter Invented", "phones": ["01632 960555"]}}),
            )
            .created();
        let mut man =
            Man { id: id(&made), study_id: made["study_id"].as_str().unwrap().to_owned(), consent: None };
        if self.offline {
            let profile = json!({"time_point": "T0", "internet_at_home": "none", "device": "none",
                "last_used": "never", "foundation_tasks": 0, "confidence": 1});
            self.coordinator.post(&format!("{}/digital-profiles", man.path()), &profile).created();
        }
        if self.consented {
            man.consent = Some(self.consent(&man));
        }
        for supporter in &self.supporters {
            assign(&self.coordinator, supporter, &man);
        }
        man
    }

    fn consent(&self, man: &Man) -> ConsentId {
        let forms = self.coordinator.get("/v1/consent-forms").ok();
        let form = &forms["items"][0];
        let form = self.coordinator.get(&format!("/v1/consent-forms/{}", form["id"].as_str().unwrap())).ok();
        let answers: Map<String, Value> = form["statements"]
            .as_array()
            .unwrap()
            .iter()
            .map(|statement| statement["code"].as_str().unwrap().to_owned())
            .map(|code| {
                let yes = !self.refused.contains(&code.as_str());
                (code, yes.into())
            })
            .collect();
        let consent = json!({"participant_id": man.id, "consent_form_id": form["id"], "answers": answers,
            "method": "wet", "capacity_judgement": "has_capacity", "copy_given": true,
            "confidentiality_limits_explained": true});
        id(&self.coordinator.post("/v1/consents", &consent).created())
    }
}

/// From the offer to the first visit. Answers the assignment.
pub fn assign(coordinator: &Caller, supporter: &Caller, man: &Man) -> Value {
    let offer = json!({"participant_id": man.id, "supporter_id": supporter.id, "purpose": "digital_help",
        "knows_participant": false});
    let offered = coordinator.post("/v1/assignments", &offer).created();
    let path = format!("/v1/assignments/{}", offered["id"].as_str().unwrap());
    supporter.post(&format!("{path}/acceptance"), &json!({"knows_participant": false})).ok();
    coordinator.post_nothing(&format!("{path}/introduction")).ok();
    coordinator.post_nothing(&format!("{path}/activation")).ok()
}
