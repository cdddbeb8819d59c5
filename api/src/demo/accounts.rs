//! The sign-in details of a demonstration, and the file they are in.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use alongside_domain::id::{AssessmentId, ClientId, PersonId, ProgrammeId};
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
    /// Nothing in a demonstration that was made before there were assessments in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_try: Option<DemoToTry>,
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

/// What the first steps are about.
#[derive(Clone, Serialize, Deserialize)]
pub struct DemoToTry {
    /// Handed in, with an earlier one to compare with.
    pub assessment_id: AssessmentId,
    /// Of a participant whose assessment is not finished.
    pub study_id: String,
}

/// The command line, run from the source.
const CLI: &str = "cargo run -q -p alongside-cli --";
/// Takes the access token out of the answer to a sign-in.
const TAKE_TOKEN: &str = r#"sed -n 's/.*"access_token": *"\([^"]*\)".*/\1/p'"#;

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

/// Where the demonstration's database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// In the folder, with the keys and the logins.
    InFolder,
    /// Where the operator said; the keys and the logins alone are in the folder.
    Elsewhere,
}

/// What to try first, a line each. Every command can be pasted into a shell.
#[must_use]
pub fn next_steps(accounts: &DemoAccounts, base_url: &str, file: &Path, kept: Kept) -> Vec<String> {
    let mut lines = vec![
        "Everything here is synthetic: every person, answer and concern is invented.".to_owned(),
        format!("Serving at:        {base_url}"),
        format!("All operations:    {base_url}/docs"),
        format!("All logins:        {}", file.display()),
    ];
    if let Some(supporter) = accounts.people.get("supporter_a") {
        lines.extend(as_supporter(accounts.to_try.as_ref(), supporter, base_url));
    }
    if let Some(clinician) = accounts.people.get("clinician") {
        lines.extend(as_clinician(accounts.to_try.as_ref(), clinician, base_url));
    }
    if let Some(client) = accounts.clients.get("trial_software") {
        let DemoClient { client_id, client_secret, .. } = client;
        lines.extend([
            String::new(),
            "Get a token as trial software:".to_owned(),
            format!(
                "  curl -s {base_url}/oauth2/token -u '{client_id}:{client_secret}' -d grant_type=client_credentials"
            ),
        ]);
    }
    if let Some(folder) = file.parent() {
        lines.extend([String::new(), start_afresh(folder, kept)]);
    }
    lines
}

/// The database and the folder go together: sealed records do not open with new keys.
fn start_afresh(folder: &Path, kept: Kept) -> String {
    let folder = folder.display();
    match kept {
        Kept::InFolder => format!("Stop with Ctrl+C. To start afresh, delete the folder {folder} then."),
        Kept::Elsewhere => format!(
            "Stop with Ctrl+C. To start afresh, drop the database of --database-url then and create it again, and \
             delete the folder {folder}, which has its keys and logins: one does not go without the other."
        ),
    }
}

fn as_supporter(to_try: Option<&DemoToTry>, supporter: &DemoPerson, base_url: &str) -> Vec<String> {
    let DemoPerson { email, password, .. } = supporter;
    let mut lines = vec![
        String::new(),
        format!("As a peer supporter, in a second terminal (password: {password}):"),
        format!("  {CLI} login --server {base_url} --email {email}"),
        format!("  {CLI} today"),
    ];
    lines.extend(to_try.map(|to_try| format!("  {CLI} assess {}", to_try.study_id)));
    lines
}

fn as_clinician(to_try: Option<&DemoToTry>, clinician: &DemoPerson, base_url: &str) -> Vec<String> {
    let DemoPerson { email, password, .. } = clinician;
    let mut lines = Vec::new();
    if let Some(DemoToTry { assessment_id, .. }) = to_try {
        lines.extend([
            String::new(),
            format!("As a clinician (password: {password}):"),
            format!("  {CLI} login --server {base_url} --email {email}"),
            format!("  {CLI} summary {assessment_id} --format text"),
        ]);
    }
    lines.extend([
        String::new(),
        "Or over HTTP:".to_owned(),
        format!(
            "  TOKEN=$(curl -s {base_url}/v1/sessions -H 'Content-Type: application/json' \
             -d '{{\"email\":\"{email}\",\"password\":\"{password}\"}}' | {TAKE_TOKEN})"
        ),
        format!("  curl -s {base_url}/v1/participants -H \"Authorization: Bearer $TOKEN\""),
    ]);
    lines.extend(to_try.map(|DemoToTry { assessment_id, .. }| {
        format!(
            "  curl -s {base_url}/v1/assessments/{assessment_id}/summary -H 'Accept: text/plain' \
             -H \"Authorization: Bearer $TOKEN\""
        )
    }));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn to_start_afresh_everything_goes() {
        let folder = Path::new("data");
        assert!(!start_afresh(folder, Kept::InFolder).contains("--database-url"));
        let elsewhere = start_afresh(folder, Kept::Elsewhere);
        assert!(elsewhere.contains("--database-url") && elsewhere.contains("folder data"), "{elsewhere}");
    }

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
            to_try: None,
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
