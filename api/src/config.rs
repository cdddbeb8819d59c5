//! What an operator can set: defaults, then a TOML file, then the environment (`ALONGSIDE_LISTEN` sets `listen`).
//!
//! A key nobody knows is refused by name, and every bad value gets one line that names the key and where it was
//! written, all in one go. An empty environment variable counts as not set, as compose files like to pass them.

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use actix_web::http::Uri;
use alongside_domain::device_authorisation::{self, COMMAND_LINE};
use alongside_store::Location;
use figment::providers::{Format as _, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider, Source};
use secrecy::{ExposeSecret as _, SecretString};
use tracing_subscriber::EnvFilter;

use crate::http::forwarded::Network;
use crate::letters;

const PREFIX: &str = "ALONGSIDE_";

/// Variables with our prefix that belong to others: the option `--config`, the client, the tests, the scripts.
const NOT_SETTINGS: [&str; 4] = ["config", "cli_", "test_", "postgres_"];

const KEYS: [&str; 23] = [
    "listen",
    "database_url",
    "keys_file",
    "keys",
    "base_url",
    "log",
    "log_format",
    "cors_origins",
    "max_body_bytes",
    "request_timeout_seconds",
    "rate_limit_per_minute",
    "rate_limit_burst",
    "workers",
    "metrics_listen",
    "audit_checkpoints_dir",
    "trusted_proxies",
    "second_factor",
    "smtp_url",
    "mail_from",
    "account_url",
    "row_security",
    "device_clients",
    "device_url",
];

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// The settings of one process, all checked.
#[derive(Clone)]
pub struct Config {
    /// Where the service listens.
    pub listen: SocketAddr,
    /// Where the records are. May hold a password: see [`Config::database_label`] for what may be shown.
    pub database_url: SecretString,
    /// The file of the keys. `None` only on PostgreSQL with the keys given in `keys`.
    pub keys_file: Option<PathBuf>,
    /// The content of a key file, for machines that hand secrets over in the environment.
    pub keys: Option<SecretString>,
    /// The address callers use, without a slash at the end: the issuer of the tokens and the start of links.
    pub base_url: String,
    /// What is logged, as a `tracing` filter.
    pub log: String,
    pub log_format: LogFormat,
    /// Origins whose pages may call the service from a browser.
    pub cors_origins: Vec<String>,
    pub max_body_bytes: usize,
    pub request_timeout_seconds: u64,
    /// Requests a minute for each caller; 0 switches the limit off.
    pub rate_limit_per_minute: u32,
    /// How many requests a caller may save up.
    pub rate_limit_burst: u32,
    pub workers: usize,
    /// Where the metrics are served, if anywhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Where signed checkpoints of the audit log are written; see [`Config::checkpoints_dir`].
    pub audit_checkpoints_dir: Option<PathBuf>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Whether everybody needs a second factor.
    pub second_factor_required: bool,
    /// The mail server. May hold a password.
    pub smtp_url: Option<SecretString>,
    /// Whom letters come from.
    pub mail_from: Option<String>,
    /// The page where people choose a password: the start of the links in letters.
    pub account_url: Option<String>,
    /// Whether `serve` refuses a role of PostgreSQL that row-level security does not hold.
    pub row_security_required: bool,
    /// Programs that may ask for a device to be let in. None switches that off.
    pub device_clients: Vec<String>,
    /// The page where people type the code that such a device shows.
    pub device_url: Option<String>,
}

impl Config {
    /// Reads the named file, if one is named, and this process's environment.
    ///
    /// # Errors
    /// With one line for each thing wrong.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::from_sources(file, std::env::vars_os())
    }

    /// [`Config::load`] with the environment handed in.
    ///
    /// # Errors
    /// With one line for each thing wrong.
    pub fn from_sources(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let mut lines = Vec::new();
        let mut figment = Figment::new();
        if let Some(path) = file {
            match from_file(path) {
                Ok(layer) => figment = figment.merge(layer),
                Err(line) => lines.push(line),
            }
        }
        figment = figment.merge(from_environment(environment, &mut lines));
        let mut reader = Reader { figment, lines };
        reader.refuse_unknown();
        let config = reader.config();
        match config {
            Some(config) if reader.lines.is_empty() => Ok(config),
            _ => Err(ConfigError { lines: reader.lines }),
        }
    }

    /// Listens elsewhere. A base URL that was only derived from the address follows it.
    pub fn listen_on(&mut self, listen: SocketAddr) {
        if self.base_url == format!("http://{}", self.listen) {
            self.base_url = format!("http://{listen}");
        }
        self.listen = listen;
    }

    /// Where the records are, for the store.
    #[must_use]
    pub fn location(&self) -> Location {
        Location::from_url(self.database_url.expose_secret())
    }

    /// The folder of the audit log's signed checkpoints: beside the embedded database where nothing else is said, and
    /// nowhere on a server, since only its operator knows a place that is shipped off the machine.
    #[must_use]
    pub fn checkpoints_dir(&self) -> Option<PathBuf> {
        self.audit_checkpoints_dir.clone().or_else(|| match self.location() {
            Location::Sqlite(path) => Some(path.with_file_name("audit-checkpoints")),
            Location::Postgres(_) => None,
        })
    }

    /// The database for people to read: without password and parameters.
    #[must_use]
    pub fn database_label(&self) -> String {
        redact(self.database_url.expose_secret())
    }

    #[must_use]
    pub const fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_seconds)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("database_url", &self.database_label())
            .field("keys_file", &self.keys_file)
            .field("keys", &self.keys.as_ref().map(|_| "(set)"))
            .field("base_url", &self.base_url)
            .field("log", &self.log)
            .field("log_format", &self.log_format)
            .field("cors_origins", &self.cors_origins)
            .field("max_body_bytes", &self.max_body_bytes)
            .field("request_timeout_seconds", &self.request_timeout_seconds)
            .field("rate_limit_per_minute", &self.rate_limit_per_minute)
            .field("rate_limit_burst", &self.rate_limit_burst)
            .field("workers", &self.workers)
            .field("metrics_listen", &self.metrics_listen)
            .field("audit_checkpoints_dir", &self.audit_checkpoints_dir)
            .field("trusted_proxies", &self.trusted_proxies)
            .field("second_factor_required", &self.second_factor_required)
            .field("smtp_url", &self.smtp_url.as_ref().map(|_| "(set)"))
            .field("mail_from", &self.mail_from)
            .field("account_url", &self.account_url)
            .field("row_security_required", &self.row_security_required)
            .field("device_clients", &self.device_clients)
            .field("device_url", &self.device_url)
            .finish()
    }
}

/// Everything that is wrong with the settings, a line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines.join("\n"))]
pub struct ConfigError {
    pub lines: Vec<String>,
}

/// One source of settings, with the name an operator knows it by.
struct Layer {
    metadata: Metadata,
    data: Map<Profile, Dict>,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        self.metadata.clone()
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(self.data.clone())
    }
}

fn from_file(path: &Path) -> Result<Layer, String> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("the configuration file {name} cannot be read: {error}"))?;
    let data = Toml::string(&text).data().map_err(|error| {
        // The message quotes the line, which may hold a secret: keep the position and the reason only.
        let message = error.kind.to_string();
        let mut parts = message.lines().map(str::trim).filter(|line| !line.is_empty());
        let (first, last) = (parts.next().unwrap_or("not TOML"), parts.next_back().unwrap_or_default());
        format!("the configuration file {name} is not valid TOML: {first} {last}").trim_end().to_owned()
    })?;
    Ok(Layer { metadata: Metadata::from("configuration file", path), data })
}

fn from_environment(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    lines: &mut Vec<String>,
) -> Layer {
    let mut dict = Dict::new();
    for (name, value) in environment {
        let Some(name) = name.to_str() else { continue };
        let Some(key) = name.strip_prefix(PREFIX).map(str::to_ascii_lowercase) else { continue };
        if NOT_SETTINGS.iter().any(|other| *other == key || (other.ends_with('_') && key.starts_with(other)))
        {
            continue;
        }
        match value.into_string() {
            Ok(value) if value.is_empty() => {}
            // Dots would make a path of it.
            Ok(_) if key.contains('.') => lines.push(unknown(&key, &format!("environment variable {name}"))),
            Ok(value) => {
                dict.insert(key, Value::from(value));
            }
            Err(_) => lines.push(format!("{key}: the value is not UTF-8 (environment variable {name})")),
        }
    }
    Layer { metadata: Metadata::named("environment variable"), data: Profile::Default.collect(dict) }
}

fn unknown(key: &str, source: &str) -> String {
    format!("{key}: there is no such key ({source})")
}

/// Takes the settings one by one and collects what is wrong with them.
struct Reader {
    figment: Figment,
    lines: Vec<String>,
}

impl Reader {
    fn refuse_unknown(&mut self) {
        let data = match self.figment.data() {
            Ok(data) => data,
            Err(error) => return self.lines.push(error.to_string().replace('\n', " ")),
        };
        for key in data.values().flat_map(Dict::keys) {
            if !KEYS.contains(&key.as_str()) {
                self.lines.push(unknown(key, &self.source(key)));
            }
        }
    }

    fn source(&self, key: &str) -> String {
        match self.figment.find_metadata(key) {
            Some(Metadata { name, source: Some(Source::File(path)), .. }) => {
                format!("{name} {}", path.display())
            }
            Some(_) => format!("environment variable {PREFIX}{}", key.to_ascii_uppercase()),
            None => "default".to_owned(),
        }
    }

    fn refuse(&mut self, key: &str, reason: &str) {
        let source = self.source(key);
        self.lines.push(format!("{key}: {reason} ({source})"));
    }

    /// The value as its text, whether it was written as text or as a number.
    fn text(&mut self, key: &str) -> Option<String> {
        match self.figment.find_value(key).ok()? {
            Value::String(_, text) => Some(text),
            Value::Char(_, letter) => Some(letter.to_string()),
            Value::Num(_, number) => number
                .to_u128()
                .map(|n| n.to_string())
                .or_else(|| number.to_i128().map(|n| n.to_string()))
                .or_else(|| number.to_f64().map(|n| n.to_string())),
            _ => {
                self.refuse(key, "must be a single value");
                None
            }
        }
    }

    /// The value read by `parse`, or the default when it is not set. `None` after a refusal.
    fn value<T>(
        &mut self,
        key: &str,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let before = self.lines.len();
        let Some(text) = self.text(key) else { return (self.lines.len() == before).then_some(default) };
        match parse(text.trim()) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.refuse(key, &reason);
                None
            }
        }
    }

    fn number<T>(&mut self, key: &str, default: T, least: T, most: T) -> Option<T>
    where
        T: std::str::FromStr + PartialOrd + fmt::Display + Copy,
    {
        self.value(key, default, |text| match text.parse::<T>() {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ => Err(format!("{text:?} is not a whole number from {least} to {most}")),
        })
    }

    /// A TOML list, or one text with commas.
    fn list(&mut self, key: &str) -> Option<Vec<String>> {
        let items = match self.figment.find_value(key) {
            Err(_) => return Some(Vec::new()),
            Ok(Value::Array(_, items)) => items,
            Ok(Value::String(_, text)) => text.split(',').map(|item| Value::from(item.to_owned())).collect(),
            Ok(_) => {
                self.refuse(key, "must be a list");
                return None;
            }
        };
        let items: Option<Vec<String>> =
            items.into_iter().map(|item| item.into_string().map(|text| text.trim().to_owned())).collect();
        if items.is_none() {
            self.refuse(key, "must be a list of texts");
        }
        Some(items?.into_iter().filter(|item| !item.is_empty()).collect())
    }

    fn config(&mut self) -> Option<Config> {
        // Every key is read before the first `?`, so that all bad values are told at once.
        let listen = self.value("listen", SocketAddr::from(([127, 0, 0, 1], 8080)), address);
        let database_url = self.value("database_url", "sqlite://data/alongside.db".to_owned(), database_url);
        let keys_file = self.value("keys_file", None, |text| Ok(Some(PathBuf::from(text))));
        let keys = self.value("keys", None, |text| Ok(Some(SecretString::from(text))));
        let base_url = self.value("base_url", None, |text| origin(text, true).map(Some));
        let log = self.value("log", "info".to_owned(), log_filter);
        let log_format = self.value("log_format", LogFormat::Text, log_format);
        let cors_origins = self.list("cors_origins").and_then(|items| self.origins(items));
        let max_body_bytes = self.number("max_body_bytes", 1_048_576, 1_024, 67_108_864);
        let request_timeout_seconds = self.number("request_timeout_seconds", 30, 1, 600);
        let rate_limit_per_minute = self.number("rate_limit_per_minute", 1_200, 0, 1_000_000);
        let rate_limit_burst = self.number("rate_limit_burst", 200, 1, 100_000);
        let workers = self.number("workers", cores(), 1, 1_024);
        let metrics_listen = self.value("metrics_listen", None, |text| address(text).map(Some));
        let audit_checkpoints_dir =
            self.value("audit_checkpoints_dir", None, |text| Ok(Some(PathBuf::from(text))));
        let trusted_proxies = self.list("trusted_proxies").and_then(|items| self.networks(&items));
        let second_factor_required = self.value("second_factor", true, required);
        let smtp_url = self
            .value("smtp_url", None, |text| letters::server(text).map(|()| Some(SecretString::from(text))));
        let mail_from =
            self.value("mail_from", None, |text| letters::sender(text).map(|_| Some(text.to_owned())));
        let account_url = self.value("account_url", None, |text| origin(text, true).map(Some));
        let row_security_required = self.value("row_security", true, required);
        let device_clients = self.device_clients();
        let device_url = self.value("device_url", None, |text| origin(text, true).map(Some));

        let keys_file = self.place_of_keys(database_url.as_deref(), keys_file, keys.as_ref());
        let (listen, metrics_listen) = (listen?, metrics_listen?);
        if let (Some(smtp_url), Some(mail_from)) = (&smtp_url, &mail_from)
            && smtp_url.is_some() != mail_from.is_some()
        {
            let (missing, there) =
                if smtp_url.is_some() { ("mail_from", "smtp_url") } else { ("smtp_url", "mail_from") };
            self.refuse(missing, &format!("must be set where {there} is"));
        }
        if metrics_listen == Some(listen) {
            self.refuse("metrics_listen", "must differ from listen");
        }
        Some(Config {
            listen,
            database_url: SecretString::from(database_url?),
            keys_file: keys_file?,
            keys: keys?,
            base_url: base_url?.unwrap_or_else(|| format!("http://{listen}")),
            log: log?,
            log_format: log_format?,
            cors_origins: cors_origins?,
            max_body_bytes: max_body_bytes?,
            request_timeout_seconds: request_timeout_seconds?,
            rate_limit_per_minute: rate_limit_per_minute?,
            rate_limit_burst: rate_limit_burst?,
            workers: workers?,
            metrics_listen,
            audit_checkpoints_dir: audit_checkpoints_dir?,
            trusted_proxies: trusted_proxies?,
            second_factor_required: second_factor_required?,
            smtp_url: smtp_url?,
            mail_from: mail_from?,
            account_url: account_url?,
            row_security_required: row_security_required?,
            device_clients: device_clients?,
            device_url: device_url?,
        })
    }

    /// Our own command line where nothing else is said; an empty list lets no device in.
    fn device_clients(&mut self) -> Option<Vec<String>> {
        if self.figment.find_value("device_clients").is_err() {
            return Some(vec![COMMAND_LINE.to_owned()]);
        }
        let names = self.list("device_clients")?;
        if let Some(name) = names.iter().find(|name| !device_authorisation::is_client(name)) {
            let reason = format!("{name:?} is not a name of small letters, digits and hyphens");
            self.refuse("device_clients", &reason);
            return None;
        }
        Some(names)
    }

    fn networks(&mut self, items: &[String]) -> Option<Vec<Network>> {
        let read: Result<Vec<Network>, String> = items.iter().map(|item| item.parse()).collect();
        read.map_err(|reason| self.refuse("trusted_proxies", &reason)).ok()
    }

    fn origins(&mut self, items: Vec<String>) -> Option<Vec<String>> {
        let checked: Result<Vec<String>, String> = items.iter().map(|item| origin(item, false)).collect();
        checked.map_err(|reason| self.refuse("cors_origins", &reason)).ok()
    }

    /// Where the key file is. On PostgreSQL nothing is guessed: replicas on several machines share the keys, and one
    /// that made its own could not read what the others wrote.
    fn place_of_keys(
        &mut self,
        database_url: Option<&str>,
        keys_file: Option<Option<PathBuf>>,
        keys: Option<&Option<SecretString>>,
    ) -> Option<Option<PathBuf>> {
        let (keys_file, given) = (keys_file?, keys?.is_some());
        if given && keys_file.is_some() {
            self.refuse("keys", "give either keys or keys_file, not both");
            return None;
        }
        match Location::from_url(database_url?) {
            Location::Sqlite(path) if !given => {
                Some(Some(keys_file.unwrap_or_else(|| path.with_file_name("alongside.key"))))
            }
            Location::Postgres(_) if !given && keys_file.is_none() => {
                self.refuse("keys_file", "must be set for PostgreSQL, which all replicas share (or keys)");
                None
            }
            _ => Some(keys_file),
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("{text:?} is not an address with a port, such as 127.0.0.1:8080"))
}

fn required(text: &str) -> Result<bool, String> {
    match text {
        "required" => Ok(true),
        "optional" => Ok(false),
        _ => Err(format!("{text:?} is neither \"required\" nor \"optional\"")),
    }
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("{text:?} is neither \"text\" nor \"json\"")),
    }
}

fn log_filter(text: &str) -> Result<String, String> {
    match EnvFilter::builder().parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => {
            Err(format!("{text:?} is not a log filter, such as \"info\" or \"info,actix_server=warn\""))
        }
    }
}

/// The reasons do not repeat the value: it may hold a password.
fn database_url(text: &str) -> Result<String, String> {
    let postgres = text.starts_with("postgres://") || text.starts_with("postgresql://");
    if !postgres && !text.starts_with("sqlite:") && text.contains("://") {
        return Err("must be a path, sqlite://PATH or postgres://...".to_owned());
    }
    if let Location::Sqlite(path) = Location::from_url(text) {
        if path.to_str() == Some(":memory:") {
            return Err("a database in memory would lose what was acknowledged: name a file".to_owned());
        }
        if path.file_name().is_none() {
            return Err("must name a file".to_owned());
        }
    }
    Ok(text.to_owned())
}

/// `scheme://host[:port]` and, where `path` says so, a path: without anything more and without a last slash.
fn origin(text: &str, path: bool) -> Result<String, String> {
    let refused = || {
        let example = if path { "https://needs.example.org" } else { "https://app.example.org" };
        Err(format!("{text:?} is not an address such as {example}"))
    };
    let text = text.trim_end_matches('/');
    let Ok(uri) = text.parse::<Uri>() else { return refused() };
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri.authority().is_some_and(|authority| {
        let authority = authority.as_str();
        !authority.contains('@') && authority == authority.to_ascii_lowercase()
    });
    if !web || !host || uri.query().is_some() || text.contains('#') || (!path && uri.path() != "/") {
        return refused();
    }
    Ok(text.to_owned())
}

/// Cuts the password and the parameters. What looks odd loses more rather than less.
fn redact(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| scheme.starts_with("postgres"))
    else {
        return url.to_owned();
    };
    let (user, server) = match rest.rsplit_once('@') {
        Some((user, server)) => (user.split_once(':').map_or(user, |(name, _)| name), server),
        None => ("", rest),
    };
    let server = server.split(['?', '#']).next().unwrap_or_default();
    let user = user.split(['?', '#']).next().unwrap_or_default();
    let at = if user.is_empty() { "" } else { "@" };
    format!("{scheme}://{user}{at}{server}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(toml: Option<&str>, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let file = toml.map(|text| {
            let path = std::env::temp_dir().join(format!(
                "alongside-config-{}-{:?}.toml",
                std::process::id(),
                std::thread::current().id()
            ));
            std::fs::write(&path, text).unwrap();
            path
        });
        let environment = environment.iter().map(|(name, value)| (name.into(), value.into()));
        let loaded = Config::from_sources(file.as_deref(), environment);
        if let Some(path) = file {
            std::fs::remove_file(path).unwrap();
        }
        loaded
    }

    fn refused(toml: Option<&str>, environment: &[(&str, &str)]) -> Vec<String> {
        load(toml, environment).unwrap_err().lines
    }

    #[test]
    fn without_anything_the_embedded_default_stands() {
        let config = load(None, &[("PATH", "/bin"), ("ALONGSIDE_LISTEN", "")]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.base_url, "http://127.0.0.1:8080");
        assert_eq!(config.location(), Location::Sqlite("data/alongside.db".into()));
        assert_eq!(config.keys_file.as_deref(), Some(Path::new("data/alongside.key")));
        assert_eq!((config.max_body_bytes, config.rate_limit_per_minute), (1_048_576, 1_200));
        assert!(config.cors_origins.is_empty() && config.metrics_listen.is_none() && config.workers >= 1);
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let file =
            "listen = '0.0.0.0:1'\nworkers = 3\ncors_origins = ['https://a.example']\nlog_format = 'json'";
        let config = load(
            Some(file),
            &[
                ("ALONGSIDE_LISTEN", "[::1]:9"),
                ("ALONGSIDE_CORS_ORIGINS", "https://b.example, http://localhost:3000/"),
                ("ALONGSIDE_BASE_URL", "https://needs.example.org/api/"),
            ],
        )
        .unwrap();
        assert_eq!((config.listen.to_string().as_str(), config.workers), ("[::1]:9", 3));
        assert_eq!(config.cors_origins, ["https://b.example", "http://localhost:3000"]);
        assert_eq!(
            (config.base_url.as_str(), config.log_format),
            ("https://needs.example.org/api", LogFormat::Json)
        );
    }

    #[test]
    fn every_bad_value_is_one_line_with_key_and_source() {
        let lines = refused(
            Some("listen = 'abc'\nlisten_on = 1\nworkers = [1]\nmax_body_bytes = -1"),
            &[("ALONGSIDE_LOG_FORMAT", "xml"), ("ALONGSIDE_COLOUR", "red"), ("ALONGSIDE_CORS_ORIGINS", "*")],
        );
        assert_eq!(lines.len(), 7, "{lines:#?}");
        for (start, source) in [
            ("listen: \"abc\"", ".toml)"),
            ("listen_on: there is no such key", ".toml)"),
            ("workers: must be a single value", ".toml)"),
            ("max_body_bytes: \"-1\"", ".toml)"),
            ("log_format: \"xml\"", "(environment variable ALONGSIDE_LOG_FORMAT)"),
            ("colour: there is no such key", "(environment variable ALONGSIDE_COLOUR)"),
            ("cors_origins: \"*\"", "(environment variable ALONGSIDE_CORS_ORIGINS)"),
        ] {
            let found = lines.iter().any(|line| line.starts_with(start) && line.ends_with(source));
            assert!(found, "{start} {source} in {lines:#?}");
        }
        assert!(lines.iter().all(|line| !line.contains('\n')));
    }

    #[test]
    fn a_named_file_must_be_there_and_be_toml() {
        let missing = Config::from_sources(Some(Path::new("/nowhere/a.toml")), []).unwrap_err();
        assert!(missing.lines[0].contains("/nowhere/a.toml cannot be read"), "{missing}");
        let broken = refused(Some("database_url = 'postgres://u:hunter22@h/d"), &[]);
        assert!(broken.len() == 1 && broken[0].contains("line 1"), "{broken:?}");
        assert!(!broken[0].contains("hunter22") && !broken[0].contains('\n'), "{broken:?}");
    }

    #[test]
    fn postgres_needs_the_keys_named() {
        let url = ("ALONGSIDE_DATABASE_URL", "postgres://u:hunter22@h/d");
        let lines = refused(None, &[url]);
        assert!(lines[0].starts_with("keys_file: must be set for PostgreSQL"), "{lines:?}");
        assert!(load(None, &[url, ("ALONGSIDE_KEYS_FILE", "/run/k")]).unwrap().keys_file.is_some());
        assert!(load(None, &[url, ("ALONGSIDE_KEYS", "{\"version\":1}")]).unwrap().keys.is_some());
        let both = refused(None, &[url, ("ALONGSIDE_KEYS", "a"), ("ALONGSIDE_KEYS_FILE", "b")]);
        assert!(both[0].starts_with("keys: give either"), "{both:?}");
    }

    #[test]
    fn no_secret_is_shown() {
        let config = load(
            None,
            &[
                ("ALONGSIDE_DATABASE_URL", "postgres://u:hun@ter/22@db.example/d?password=hunter22"),
                ("ALONGSIDE_KEYS", "topsecret"),
            ],
        )
        .unwrap();
        let shown = format!("{config:?}");
        assert!(shown.contains("postgres://u@db.example/d\""), "{shown}");
        assert!(!shown.contains("hun") && !shown.contains("topsecret"), "{shown}");
        let lines = refused(None, &[("ALONGSIDE_DATABASE_URL", "mysql://u:hunter22@h/d")]);
        assert!(!lines[0].contains("hunter22"), "{lines:?}");
    }

    #[test]
    fn everybody_needs_a_second_factor_unless_somebody_says_otherwise() {
        assert!(load(None, &[]).unwrap().second_factor_required);
        assert!(!load(None, &[("ALONGSIDE_SECOND_FACTOR", "optional")]).unwrap().second_factor_required);
        let lines = refused(None, &[("ALONGSIDE_SECOND_FACTOR", "no")]);
        assert!(lines[0].contains("\"required\" nor \"optional\""), "{lines:?}");
    }

    #[test]
    fn row_level_security_is_required_unless_somebody_says_otherwise() {
        assert!(load(None, &[]).unwrap().row_security_required);
        assert!(!load(None, &[("ALONGSIDE_ROW_SECURITY", "optional")]).unwrap().row_security_required);
        let lines = refused(None, &[("ALONGSIDE_ROW_SECURITY", "off")]);
        assert!(lines[0].starts_with("row_security: "), "{lines:?}");
    }

    #[test]
    fn letters_need_a_server_and_a_sender_and_show_neither_password() {
        let both = [
            ("ALONGSIDE_SMTP_URL", "smtps://alongside:hunter22@mail.example.org"),
            ("ALONGSIDE_MAIL_FROM", "Alongside <alongside@example.org>"),
        ];
        let config = load(None, &both).unwrap();
        assert!(config.smtp_url.is_some() && !format!("{config:?}").contains("hunter22"));
        for (one, missing) in [(&both[..1], "mail_from"), (&both[1..], "smtp_url")] {
            let lines = refused(None, one);
            assert!(
                lines.len() == 1 && lines[0].starts_with(&format!("{missing}: must be set")),
                "{lines:?}"
            );
        }
        // In clear only where nobody else is on the line.
        for url in ["smtp://a:hunter22@mail.example.org", "http://a:hunter22@b.example", "mail.example.org"] {
            let lines = refused(None, &[("ALONGSIDE_SMTP_URL", url), both[1]]);
            assert!(lines[0].starts_with("smtp_url:") && !lines[0].contains("hunter22"), "{lines:?}");
        }
        for url in ["smtp://127.0.0.1:1025", "smtp://mail.example.org:587?tls=required"] {
            assert!(load(None, &[("ALONGSIDE_SMTP_URL", url), both[1]]).is_ok(), "{url}");
        }
    }

    #[test]
    fn the_command_line_may_let_devices_in_unless_somebody_says_otherwise() {
        let of =
            |names: &str| load(Some(&format!("device_clients = {names}")), &[]).map(|c| c.device_clients);
        assert_eq!(load(None, &[]).unwrap().device_clients, ["alongside-cli"]);
        assert_eq!(of("['ward-app']").unwrap(), ["ward-app"]);
        assert!(of("[]").unwrap().is_empty());
        assert!(of("['Ward App']").unwrap_err().lines[0].starts_with("device_clients: \"Ward App\" is not"));
    }

    #[test]
    fn a_database_in_memory_is_refused() {
        for url in ["sqlite::memory:", ":memory:", "sqlite://"] {
            assert_eq!(refused(None, &[("ALONGSIDE_DATABASE_URL", url)]).len(), 1, "{url}");
        }
    }

    #[test]
    fn an_issuer_with_a_user_a_query_or_capitals_is_refused() {
        for url in [
            "needs.example",
            "ftp://a.example",
            "https://u@a.example",
            "https://a.example?x",
            "https://A.example",
        ] {
            assert_eq!(refused(None, &[("ALONGSIDE_BASE_URL", url)]).len(), 1, "{url}");
        }
    }

    #[test]
    fn what_belongs_to_the_client_and_the_tests_is_left_alone() {
        assert!(
            load(
                None,
                &[("ALONGSIDE_CONFIG", "x"), ("ALONGSIDE_CLI_SERVER", "x"), ("ALONGSIDE_TEST_X", "y")]
            )
            .is_ok()
        );
    }
}
