//! What the application's role may do with each table of PostgreSQL, and whether row-level security holds it.
//!
//! Two roles: the owner changes the schema (`migrate`), the application's role serves and can neither change a table nor
//! see past the policies on it. The embedded database has neither.

use std::fmt;

use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Text};

use crate::context::{Context, Duty};
use crate::db::Db;
use crate::error::StoreError;
use crate::store::{Location, alone};

/// What the application does with the rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// They are added and read, and stay as they are.
    Added,
    /// They are changed too.
    Changed,
    /// They are added and taken away, and never changed.
    Forgotten,
    /// All of it.
    ChangedAndForgotten,
}

impl Use {
    /// The privileges, as GRANT names them.
    #[must_use]
    pub const fn privileges(self) -> &'static str {
        match self {
            Self::Added => "SELECT, INSERT",
            Self::Changed => "SELECT, INSERT, UPDATE",
            Self::Forgotten => "SELECT, INSERT, DELETE",
            Self::ChangedAndForgotten => "SELECT, INSERT, UPDATE, DELETE",
        }
    }
}

/// Every table of the schema, but those of the migrations. What holds sealed cells is changed where a cell from before
/// there were data keys moves to one; triggers see to it that nothing else of such a row changes.
pub const TABLES: [(&str, Use); 52] = [
    ("access_notices", Use::Changed),
    ("access_reports", Use::Forgotten),
    ("answers", Use::Changed),
    ("assessments", Use::Changed),
    ("assignments", Use::Changed),
    ("assistance_sessions", Use::Changed),
    ("audit_checkpoints", Use::Added),
    ("audit_events", Use::Added),
    ("audit_seals", Use::Added),
    ("audit_subjects", Use::Added),
    ("care_plan_actions", Use::Changed),
    ("care_plan_copies", Use::Changed),
    ("care_plan_steps", Use::Changed),
    ("care_plans", Use::Changed),
    ("clients", Use::Changed),
    ("consent_forms", Use::Added),
    ("consents", Use::Changed),
    ("data_keys", Use::Changed),
    ("device_authorisations", Use::ChangedAndForgotten),
    ("digital_profiles", Use::Added),
    ("emergency_access_reviews", Use::Added),
    ("emergency_accesses", Use::Changed),
    ("findings", Use::Changed),
    ("flag_entries", Use::Changed),
    ("flag_exclusions", Use::Changed),
    ("flags", Use::Changed),
    ("idempotency_records", Use::ChangedAndForgotten),
    ("instruments", Use::Changed),
    ("leases", Use::Changed),
    ("mails", Use::ChangedAndForgotten),
    ("membership_proposals", Use::Changed),
    ("memberships", Use::Changed),
    ("outcomes", Use::Added),
    ("paper_adjudications", Use::Changed),
    ("paper_entries", Use::Changed),
    ("paper_forms", Use::Changed),
    ("participants", Use::Changed),
    ("people", Use::Changed),
    ("processing_restrictions", Use::Changed),
    ("programmes", Use::Changed),
    ("recovery_codes", Use::ChangedAndForgotten),
    ("rights_request_steps", Use::Added),
    ("rights_requests", Use::Changed),
    ("second_factors", Use::Changed),
    ("segments", Use::Changed),
    ("sessions", Use::Changed),
    ("sign_in_lanes", Use::ChangedAndForgotten),
    ("signposts", Use::Changed),
    ("sites", Use::Changed),
    ("status_changes", Use::Added),
    ("translations", Use::Changed),
    ("wrapping_keys", Use::ChangedAndForgotten),
];

/// Gives a role what the application needs, and takes from it whatever else it had on these tables. Run by the owner of
/// the tables; [`crate::migrate::up`] does it again for whoever was given it once.
///
/// # Errors
/// When there is no such role, or the tables are not this user's.
pub fn grant(location: &Location, role: &str) -> Result<(), StoreError> {
    alone(location, Context::System(Duty::Operator), |db| match db {
        Db::Pg(_) => grant_on(db, role),
        Db::Sqlite(_) => Err(StoreError::Unavailable("the embedded database has no roles".to_owned())),
    })
}

/// Gives the tables there are now to every role that may write the audit log.
///
/// # Errors
/// What the database says.
pub(crate) fn renew(db: &mut Db<'_>) -> Result<(), StoreError> {
    let Db::Pg(c) = db else { return Ok(()) };
    let holders = "SELECT DISTINCT grantee::text AS name FROM information_schema.role_table_grants \
                   WHERE table_schema = current_schema() AND table_name = 'audit_events' \
                   AND privilege_type = 'INSERT' AND grantee NOT IN ('PUBLIC', (SELECT tableowner FROM pg_tables \
                   WHERE schemaname = current_schema() AND tablename = 'audit_events'))";
    for Name { name } in diesel::sql_query(holders).load::<Name>(*c)? {
        grant_on(db, &name)?;
    }
    Ok(())
}

fn grant_on(db: &mut Db<'_>, role: &str) -> Result<(), StoreError> {
    let Db::Pg(c) = db else { return Ok(()) };
    let schema = diesel::sql_query("SELECT current_schema()::text AS name").get_result::<Name>(*c)?.name;
    // Whoever owns nothing is not refused by the database: it grants nothing and warns.
    let foreign = "SELECT relname::text AS name FROM pg_class WHERE relnamespace = current_schema()::regnamespace \
                   AND relname = ANY($1) AND NOT pg_has_role(relowner, 'USAGE') LIMIT 1";
    let names: Vec<&str> = TABLES.iter().map(|(table, _)| *table).collect();
    let foreign =
        diesel::sql_query(foreign).bind::<Array<Text>, _>(names).get_result::<Name>(*c).optional()?;
    if let Some(Name { name }) = foreign {
        return Err(StoreError::Unavailable(format!("the table {name} belongs to another role")));
    }
    let (role, schema) = (quoted(role), quoted(&schema));
    let mut sql = format!(
        "BEGIN;\
         REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role};\
         REVOKE CREATE ON SCHEMA {schema} FROM {role};\
         GRANT USAGE ON SCHEMA {schema} TO {role};\
         GRANT SELECT ON {schema}.__diesel_schema_migrations TO {role};"
    );
    for (table, used) in TABLES {
        sql += &format!("GRANT {} ON {schema}.{table} TO {role};", used.privileges());
    }
    for function in ["alongside_programme()", "alongside_caller()", "alongside_opens(text)"] {
        sql += &format!("GRANT EXECUTE ON FUNCTION {schema}.{function} TO {role};");
    }
    sql += "COMMIT";
    Ok(db.control(&sql)?)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// How row-level security holds the role of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The role, as the database calls it.
    pub role: String,
    pub hold: Hold,
}

/// From the weakest to the strongest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// The role is a superuser or has BYPASSRLS: no policy holds it.
    Bypassed,
    /// These tables have no policies in force.
    Open(Vec<String>),
    /// The policies hold the role, but it could change them: it owns the tables, or may become who does.
    Owner,
    /// The policies hold the role, and it cannot change them.
    Full,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = &self.role;
        match &self.hold {
            Hold::Bypassed => {
                write!(
                    f,
                    "the role {role} is a superuser or has BYPASSRLS: row-level security does not hold it"
                )
            }
            Hold::Open(tables) => write!(f, "row-level security is not in force on {}", tables.join(", ")),
            Hold::Owner => write!(
                f,
                "row-level security holds the role {role}, which could take it off: it owns tables or may make some"
            ),
            Hold::Full => write!(f, "row-level security holds the role {role}"),
        }
    }
}

/// How row-level security holds whoever connects with this URL; `None` on the embedded database, which has none.
///
/// # Errors
/// When the database cannot be reached, or its engine does not know row-level security.
pub fn standing(location: &Location) -> Result<Option<Standing>, StoreError> {
    alone(location, Context::Nobody, |db| {
        let Db::Pg(c) = db else { return Ok(None) };
        let names: Vec<&str> = TABLES.iter().map(|(table, _)| *table).collect();
        let role = "SELECT current_user::text AS name, (rolsuper OR rolbypassrls) AS bypasses, \
                    has_schema_privilege(current_schema(), 'CREATE') AS creates \
                    FROM pg_roles WHERE rolname = current_user";
        let Role { name, bypasses, creates } = diesel::sql_query(role).get_result(*c)?;
        let tables = "SELECT relname::text AS name, row_security_active(oid) AS held, \
                      pg_has_role(relowner, 'MEMBER') AS owned \
                      FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relname = ANY($1) \
                      ORDER BY relname";
        let tables: Vec<Table> = diesel::sql_query(tables).bind::<Array<Text>, _>(names).load(*c)?;
        let open: Vec<String> =
            tables.iter().filter(|table| !table.held).map(|table| table.name.clone()).collect();
        let hold = if bypasses {
            Hold::Bypassed
        } else if !open.is_empty() {
            Hold::Open(open)
        } else if creates || tables.iter().any(|table| table.owned) {
            Hold::Owner
        } else {
            Hold::Full
        };
        Ok(Some(Standing { role: name, hold }))
    })
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Role {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    bypasses: bool,
    #[diesel(sql_type = Bool)]
    creates: bool,
}

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    held: bool,
    #[diesel(sql_type = Bool)]
    owned: bool,
}
