//! For whom the database is asked: what row-level security on PostgreSQL holds every statement to.
//!
//! The doors of [`crate::Store`] take a [`Context`], so that none opens without it. It holds for one transaction and
//! is gone with it, however it ends. The embedded database has no such wall: there the context is accepted and does
//! nothing.
//!
//! The wall is behind the caller's [`crate::scope::Scope`] and is coarser: a query that forgot its scope meets it at the
//! border of the programme.

use alongside_domain::id::ProgrammeId;
use uuid::Uuid;

/// For whom a door is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// Nobody: no row of anybody's is there.
    Nobody,
    /// Somebody who is signed in, a person or a program, in the one programme of his session.
    Caller { actor: Uuid, programme: Option<ProgrammeId> },
    /// Somebody who looks after the installation: its programmes and accounts, and never a person's record.
    Administrator { actor: Uuid },
    /// Work without a caller.
    System(Duty),
}

/// Work without a caller, and steps in a caller's work that must see further than he does. Each opens what it needs
/// and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Whoever is at the door: signing in, the session behind a token, choosing a password.
    SignIn,
    /// Sending letters.
    Post,
    /// Sealing the audit log, and looking at who uses records how.
    AuditSealing,
    /// Seeing that the keys are those of the database, when it is opened.
    Keys,
    /// Within an officer's work: what an erased record leaves in letters and kept replies, whoever asked for those.
    Erasure,
    /// Housekeeping, and the watch over flags that nobody can act on.
    Upkeep,
    /// The operator's commands.
    Operator,
    /// Writing the demonstration.
    Demo,
    /// Changing the schema, and the data with it.
    Migration,
    /// Within a caller's work: whose record he named, for the log alone.
    WhoseRecord,
    /// Within a caller's work: what people of other programmes who reached for a record are called.
    AccessRecord,
    /// Within an administrator's work: whether flags would be left with nobody to act on them.
    FlagAudience,
    /// Within an administrator's work: where somebody takes part who is to have an account.
    Standing,
    /// Within a caller's work: closing the account of somebody who died, wherever it is used.
    Bereavement,
}

/// What a context may open beyond a caller's own programme. The policies on the tables use the same words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opens {
    /// What is kept about participants.
    Records,
    /// Programmes, their sites, and what they use.
    Programmes,
    /// People, roles, sessions, clients, letters, and what the door remembers.
    Accounts,
    /// Reading the audit log and sealing it.
    Audit,
    /// Adding to the audit log.
    Trail,
    /// Leases of jobs and replies kept for a repeat.
    Upkeep,
    /// Every data key, wrapped, and what tells of the keys that wrap them.
    Keys,
}

impl Opens {
    const ALL: &'static [Self] = &[
        Self::Records,
        Self::Programmes,
        Self::Accounts,
        Self::Audit,
        Self::Trail,
        Self::Upkeep,
        Self::Keys,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Programmes => "programmes",
            Self::Accounts => "accounts",
            Self::Audit => "audit",
            Self::Trail => "trail",
            Self::Upkeep => "upkeep",
            Self::Keys => "keys",
        }
    }
}

impl Duty {
    const fn opens(self) -> &'static [Opens] {
        match self {
            Self::SignIn => &[Opens::Accounts, Opens::Trail],
            Self::Post | Self::AccessRecord | Self::Bereavement => &[Opens::Accounts],
            Self::AuditSealing => {
                &[Opens::Records, Opens::Programmes, Opens::Accounts, Opens::Audit, Opens::Upkeep]
            }
            Self::Keys => &[Opens::Keys, Opens::Records, Opens::Accounts, Opens::Upkeep, Opens::Audit],
            Self::Erasure => &[Opens::Records, Opens::Accounts, Opens::Upkeep],
            Self::Upkeep => &[Opens::Records, Opens::Accounts, Opens::Upkeep],
            Self::Operator | Self::Demo | Self::Migration => Opens::ALL,
            Self::WhoseRecord => &[Opens::Records],
            Self::FlagAudience | Self::Standing => &[Opens::Records, Opens::Accounts],
        }
    }

    pub(crate) fn words(self) -> String {
        words(self.opens())
    }
}

impl Context {
    fn opens(self) -> &'static [Opens] {
        match self {
            Self::Nobody | Self::Caller { .. } => &[],
            Self::Administrator { .. } => &[Opens::Programmes, Opens::Accounts, Opens::Trail],
            Self::System(duty) => duty.opens(),
        }
    }

    /// The statements that put a transaction into this context. All three settings are named each time: what is left
    /// out here would be what somebody else had.
    pub(crate) fn statements(self, range: Range) -> String {
        let (actor, programme) = match self {
            Self::Caller { actor, programme } => (Some(actor), programme.map(ProgrammeId::uuid)),
            Self::Administrator { actor } => (Some(actor), None),
            Self::Nobody | Self::System(_) => (None, None),
        };
        let mut sql = String::with_capacity(192);
        let id = |id: Option<Uuid>| id.map_or_else(String::new, |id| id.to_string());
        for (name, value) in
            [("programme", id(programme)), ("caller", id(actor)), ("opens", words(self.opens()))]
        {
            // The values are ids and words of ours: there is nothing to escape.
            sql += &format!("SET {} alongside.{name} = '{value}';", range.word());
        }
        sql
    }
}

fn words(opens: &[Opens]) -> String {
    opens.iter().map(|opens| opens.word()).collect::<Vec<_>>().join(" ")
}

/// How long a context lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    /// Until the transaction ends.
    Transaction,
    /// As long as the connection: only where it does one thing and is closed.
    Connection,
}

impl Range {
    const fn word(self) -> &'static str {
        match self {
            Self::Transaction => "LOCAL",
            Self::Connection => "SESSION",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_context_says_everything_anew() {
        let actor = Uuid::from_u128(1);
        let caller = Context::Caller { actor, programme: Some(ProgrammeId::new(Uuid::from_u128(2))) };
        assert_eq!(
            caller.statements(Range::Transaction),
            "SET LOCAL alongside.programme = '00000000-0000-0000-0000-000000000002';\
             SET LOCAL alongside.caller = '00000000-0000-0000-0000-000000000001';\
             SET LOCAL alongside.opens = '';"
        );
        assert_eq!(
            Context::Nobody.statements(Range::Connection),
            "SET SESSION alongside.programme = '';SET SESSION alongside.caller = '';SET SESSION alongside.opens = '';"
        );
    }

    #[test]
    fn who_looks_after_the_installation_opens_no_record() {
        let opens = Context::Administrator { actor: Uuid::nil() }.opens();
        assert!(!opens.contains(&Opens::Records) && !opens.contains(&Opens::Audit));
        assert!(!Context::System(Duty::SignIn).opens().contains(&Opens::Records));
        // One word is found inside the list by the policies: none may be a part of another.
        for one in Opens::ALL {
            let holding = Opens::ALL.iter().filter(|other| other.word().contains(one.word()));
            assert_eq!(holding.count(), 1, "{one:?}");
        }
    }
}
