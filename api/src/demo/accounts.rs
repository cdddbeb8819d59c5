//! The sign-in details of a demonstration, and the file they are in.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use alongside_domain::id::{ClientId, PersonId, ProgrammeId};
use alongside_domain::policy::Role;
use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// Who can sign in, and how. All of them are invented.
#[derive(Clone, Serialize, Deserialize)]
pub struct DemoAccounts {
    pub base_url: String,
    pub synthetic: bool,
    pub programme_id: ProgrammeId,
    pub people: BTreeMap<String, DemoPerson>,
    pub clients: BTreeMap<String, DemoClient>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct DemoPerson {
    pub role: Role,
    pub email: String,
    pub password: String,
    pub person_id: PersonId,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct DemoClient {
    pub client_id: ClientId,
    pub client_secret: String,
    pub scopes: Vec<String>,
}

/// Writes the file, for its owner alone, unless it is there already and says the same address.
///
/// # Errors
/// When it cannot be written.
pub fn write_accounts(path: &Path, accounts: &DemoAccounts) -> anyhow::Result<()> {
    let present =
        std::fs::read(path).ok().and_then(|text| serde_json::from_slice::<DemoAccounts>(&text).ok());
    if present.is_some_and(|present| {
        present.base_url == accounts.base_url && present.programme_id == accounts.programme_id
    }) {
        return Ok(());
    }
    // Written beside it and moved into place: whoever reads it reads all of it.
    let beside = path.with_extension("json.new");
    if beside.exists() {
        std::fs::remove_file(&beside).with_context(|| format!("cannot replace {}", beside.display()))?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside).with_context(|| format!("cannot write {}", beside.display()))?;
    file.write_all(serde_json::to_string_pretty(accounts)?.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&beside, path).with_context(|| format!("cannot write {}", path.display()))
}

/// What to try first, a line each.
#[must_use]
pub fn next_steps(accounts: &DemoAccounts, base_url: &str, file: &Path) -> Vec<String> {
    let mut lines = vec![
        "Everybody in this programme is invented.".to_owned(),
        format!("All logins are in:             {}", file.display()),
        format!("Read about every operation:    {base_url}/docs"),
    ];
    let Some(supporter) = accounts.people.get("supporter_a") else { return lines };
    let DemoPerson { email, password, .. } = supporter;
    lines.extend([
        "Sign in as a peer supporter:".to_owned(),
        format!(
            "  curl -s {base_url}/v1/sessions -H 'Content-Type: application/json' \
             -d '{{\"email\":\"{email}\",\"password\":\"{password}\"}}'"
        ),
        "See the people this supporter helps, with the access_token from above:".to_owned(),
        format!("  curl -s {base_url}/v1/participants -H \"Authorization: Bearer $TOKEN\""),
        "Or with the command line, which asks for the password:".to_owned(),
        format!("  alongside login --server {base_url} --email {email}"),
        "  alongside participant list".to_owned(),
    ]);
    if let Some(clinician) = accounts.people.get("clinician") {
        let DemoPerson { email, password, .. } = clinician;
        lines.extend([
            format!("Read a summary as the clinician ({email}, {password}):"),
            format!("  curl -s {base_url}/v1/assessments/$ID/summary -H 'Accept: text/plain' -H \"Authorization: Bearer $TOKEN\""),
        ]);
    }
    if let Some(client) = accounts.clients.get("trial_software") {
        lines.extend([
            "Get a token as trial software:".to_owned(),
            format!(
                "  curl -s {base_url}/oauth2/token -u '{}:{}' -d grant_type=client_credentials",
                client.client_id, client.client_secret
            ),
        ]);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn the_file_is_for_its_owner_and_stays_as_it_is() {
        let directory = std::env::temp_dir().join(format!("alongside-demo-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("demo.json");
        let mut accounts = DemoAccounts {
            base_url: "http://127.0.0.1:8080".to_owned(),
            synthetic: true,
            programme_id: ProgrammeId::new(Uuid::from_u128(1)),
            people: BTreeMap::new(),
            clients: BTreeMap::new(),
        };
        write_accounts(&path, &accounts).unwrap();
        let first = std::fs::metadata(&path).unwrap();
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&first.permissions()) & 0o777, 0o600);
        write_accounts(&path, &accounts).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), first.modified().unwrap());
        accounts.base_url = "http://127.0.0.1:9090".to_owned();
        write_accounts(&path, &accounts).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().contains("9090"));
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
