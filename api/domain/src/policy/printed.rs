//! The policy table as a page that a person can read: `docs/policy.md`.

use strum::VariantArray as _;

use crate::sign_in::FRESH_MINUTES;

use super::{Condition, RULES, Relation, Role, Rule, View};

const HEAD: &str = "\
# Who may do what

Printed from the policy table in `api/domain/src/policy` by `alongside-api policy`; do not edit it by hand. A row is an
operation, a column a role; the cell says how far the role reaches with the operation. An empty cell refuses the operation
(403); what lies beyond the reach is not there for the caller (404, and on no list).";

impl Role {
    /// The role in two letters.
    #[must_use]
    pub fn initials(self) -> &'static str {
        match self {
            Self::Participant => "PA",
            Self::Supporter => "SU",
            Self::Coordinator => "CO",
            Self::Supervisor => "SV",
            Self::SafeguardingLead => "SL",
            Self::Clinician => "CL",
            Self::Researcher => "RE",
            Self::TrialManager => "TM",
            Self::DataManager => "DM",
            Self::Statistician => "ST",
            Self::Monitor => "MO",
            Self::PrivacyOfficer => "PO",
            Self::Admin => "AD",
            Self::IntegrationClient => "IC",
        }
    }
}

impl Relation {
    /// The relation in words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Own => "what is the caller's own",
            Self::Assigned => {
                "participants assigned to the caller now, and what belongs to them; not those of before"
            }
            Self::Site => {
                "the sites where the caller holds the role; the whole programme where it names none"
            }
            Self::Programme => "the caller's programme",
            Self::StandIn => "flags on which nobody in a nearer role can act",
            Self::Emergency => {
                "besides the sites, one participant of the programme whose record the caller opened in an emergency, for half \
                 an hour"
            }
            Self::Installation => "this installation; never a person's record",
        }
    }
}

/// The whole page.
#[must_use]
pub fn page() -> String {
    let mut lines = vec![HEAD.to_owned(), String::new(), "## Roles".to_owned(), String::new()];
    lines.extend(Role::VARIANTS.iter().map(|role| format!("- {}: `{role}`", role.initials())));
    lines.extend(section("Reach"));
    lines.extend(Relation::VARIANTS.iter().map(|relation| format!("- `{relation}`: {}", relation.text())));
    lines.extend(section("Conditions"));
    lines.extend(Condition::VARIANTS.iter().map(|one| format!("- `{one}`: {}", one.text())));
    lines.extend(section("Views"));
    lines.extend(View::VARIANTS.iter().map(|view| format!("- `{view}`: {}", view.text())));
    lines.extend(section("Operations"));
    let roles: Vec<_> = Role::VARIANTS.iter().map(|role| role.initials()).collect();
    lines.push(format!("| operation | scope | {} | conditions and views |", roles.join(" | ")));
    lines.push(format!("|{}", "---|".repeat(roles.len() + 3)));
    lines.extend(RULES.iter().map(row));
    lines.push(String::new());
    lines.join("\n")
}

fn section(title: &str) -> [String; 3] {
    [String::new(), format!("## {title}"), String::new()]
}

fn row(rule: &Rule) -> String {
    let cells: Vec<_> = Role::VARIANTS
        .iter()
        .map(|role| match (rule.relation(*role), rule.opens_in_emergency(*role)) {
            (Some(relation), true) => format!("{relation}, {}", Relation::Emergency),
            (Some(relation), false) => relation.to_string(),
            (None, _) => String::new(),
        })
        .collect();
    let (operation, scope) = (rule.operation, rule.scope);
    format!("| `{operation}` | `{scope}` | {} | {} |", cells.join(" | "), terms(rule))
}

/// Conditions and views of one operation, each with the roles it is for.
fn terms(rule: &Rule) -> String {
    let conditions = Condition::VARIANTS.iter().filter_map(|one| {
        let roles = of(rule, |role| rule.conditions(role).contains(one))?;
        Some(format!("{roles} {}", one.text()))
    });
    let views = View::VARIANTS.iter().filter_map(|view| {
        let roles = of(rule, |role| rule.view(role).is_some_and(|row| row.view == *view))?;
        Some(format!("{roles} {}{}", view.text(), without(rule, *view)))
    });
    let fresh =
        rule.fresh.then(|| format!("all: after signing in afresh, {FRESH_MINUTES} minutes ago at most"));
    fresh.into_iter().chain(conditions).chain(views).collect::<Vec<_>>().join("; ")
}

/// The granted roles of which something is true; `None` where it is of none.
fn of(rule: &Rule, is_so: impl Fn(Role) -> bool) -> Option<String> {
    let roles: Vec<_> =
        rule.grants.iter().map(|(role, _)| *role).filter(|role| is_so(*role)).map(Role::initials).collect();
    match roles.len() {
        0 => None,
        all if all == rule.grants.len() => Some("all:".to_owned()),
        _ => Some(format!("{}:", roles.join(", "))),
    }
}

fn without(rule: &Rule, view: View) -> String {
    let mut rows = rule.grants.iter().filter_map(|(role, _)| rule.view(*role));
    let members: Vec<_> = rows
        .find(|row| row.view == view)
        .into_iter()
        .flat_map(|row| row.without)
        .map(|pointer| format!("`{pointer}`"))
        .collect();
    if members.is_empty() { String::new() } else { format!(" (no {})", members.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Operation;

    #[test]
    fn a_row_for_every_operation_and_a_column_for_every_role() {
        let page = page();
        for operation in Operation::VARIANTS {
            let start = format!("| `{operation}` |");
            let rows: Vec<_> = page.lines().filter(|line| line.starts_with(&start)).collect();
            assert_eq!(rows.len(), 1, "{operation}");
            for row in rows {
                assert_eq!(row.matches(" | ").count(), Role::VARIANTS.len() + 2, "{row}");
            }
        }
    }

    #[test]
    fn a_row_says_who_is_shown_how_much_and_when() {
        let page = page();
        let line = |name: &str| page.lines().find(|line| line.starts_with(&format!("| `{name}` |"))).unwrap();
        let identity = line("get_participant_identity");
        assert!(identity.contains("SU: name, numbers to call, safe contact and needs (no `/date_of_birth`"));
        assert!(identity.contains("CL, MO: without the home address"));
        assert!(line("get_flag").contains("all: unless the flag excludes the caller"));
        assert!(line("save_answers").contains("SU: in the caller's own open assistance session"));
        assert!(line("get_participant").contains("| site, emergency |"));
        assert!(!line("update_participant").contains("emergency"));
    }
}
