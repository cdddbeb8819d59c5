//! Signposts: where people can turn to nearby.

use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Run;
use crate::output::{pairs, table, text, width, wrap};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the signposts of your programme
    List(Filter),
    /// Show one signpost
    Show {
        /// The signpost
        #[arg(value_name = "SIGNPOST")]
        id: Uuid,
    },
}

#[derive(Debug, clap::Args)]
pub struct Filter {
    /// Those that serve this area, and those that serve everywhere
    #[arg(long)]
    area: Option<String>,
    /// Those that are offered in this language, such as cy
    #[arg(long)]
    language: Option<String>,
    /// Those that help with this concern, such as URI.leakage
    #[arg(long)]
    concern: Option<String>,
    /// Those for the people of this site, and those for everybody
    #[arg(long, value_name = "SITE")]
    site: Option<Uuid>,
    /// Only those that should have been checked by now
    #[arg(long)]
    overdue: bool,
    /// Those out of use as well
    #[arg(long)]
    retired: bool,
}

pub fn run(run: &Run, command: &Command) -> Result<()> {
    match command {
        Command::List(filter) => list(run, filter),
        Command::Show { id } => {
            let found = run.client.get(&format!("/v1/signposts/{id}"))?;
            run.output.show(&found, || page(&found))
        }
    }
}

fn list(run: &Run, filter: &Filter) -> Result<()> {
    let site = filter.site.map(|site| site.to_string());
    let yes = |wanted: bool| wanted.then_some("true");
    let given = [
        ("area", filter.area.as_deref()),
        ("language", filter.language.as_deref()),
        ("concern", filter.concern.as_deref()),
        ("site_id", site.as_deref()),
        ("review_overdue", yes(filter.overdue)),
        ("retired", yes(filter.retired)),
    ];
    let query: Vec<(&str, &str)> =
        given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let found = run.client.list("/v1/signposts", &query, usize::MAX)?;
    run.output.show(&json!({"items": found}), || {
        let row = |sign: &Value| {
            let of = |name: &str| text(sign, &[name]).unwrap_or("-").to_owned();
            vec![of("title"), of("phone"), of("area"), due(sign), of("id")]
        };
        table(&["What", "Telephone", "Area", "Check by", "ID"], found.iter().map(row))
    })
}

/// The day by which it is to be checked, and in words whether that has passed.
fn due(sign: &Value) -> String {
    let day = text(sign, &["review_due"]).unwrap_or("-");
    let overdue = sign.get("review_overdue") == Some(&Value::Bool(true));
    if overdue { format!("{day} (overdue)") } else { day.to_owned() }
}

fn page(sign: &Value) -> String {
    let of = |name: &str| text(sign, &[name]).map(str::to_owned);
    let all = |name: &str| {
        let items = sign.get(name).and_then(Value::as_array)?;
        let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
        (!items.is_empty()).then(|| items.join(", "))
    };
    let facts = pairs([
        ("Telephone", of("phone")),
        ("Web", of("url")),
        ("Address", of("address")),
        ("Open", of("opening")),
        ("Leaflet", of("leaflet")),
        ("Area", of("area")),
        ("Languages", all("languages")),
        ("Helps with", all("concern_codes")),
        ("Check by", Some(due(sign))),
        ("Out of use", of("retired_at")),
        ("ID", of("id")),
    ]);
    let words = [of("title"), of("description")].into_iter().flatten().collect::<Vec<_>>().join("\n");
    format!("{}\n\n{facts}", wrap(&crate::output::clean(&words), width()))
}
