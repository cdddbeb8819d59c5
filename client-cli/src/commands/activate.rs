//! Choosing the first password, with the code of an invitation. A password is typed where nobody sees it, or comes on
//! standard input; it never stands on the command line.

use anyhow::Result;
use serde_json::json;

use super::sign_in::{ask_line, read_secret};
use crate::Run;
use crate::exit::{Exit, Stop};
use crate::output::is_conversation;
use crate::problem::Problem;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// E-mail address of the account; asked for when left out
    #[arg(long)]
    email: Option<String>,
    /// The code you were given; asked for when left out. It is good once, for seven days
    #[arg(long)]
    code: Option<String>,
    /// Read the new password from standard input; otherwise it is asked for
    #[arg(long)]
    password_stdin: bool,
}

pub fn run(run: &Run, args: &Args) -> Result<()> {
    let may_ask = !run.no_input && is_conversation() && !args.password_stdin;
    if may_ask {
        run.output.tell(
            "This sets the password of an account. Whoever the account belongs to types it alone:\n\
             a password is never told to a helper.\n",
        );
    }
    let of = |given: &Option<String>, question: &str, flag: &str| match given {
        Some(given) => Ok(given.trim().to_owned()),
        None if may_ask => ask_line(question),
        None => Err(Stop::usage(format!("{flag} is missing."))),
    };
    let email = of(&args.email, "E-mail address: ", "--email")?;
    let code = of(&args.code, "Code from your invitation: ", "--code")?;
    if args.password_stdin {
        send(run, &email, &code, &read_secret()?)?;
    } else if may_ask {
        ask_until_fit(run, &email, &code)?;
    } else {
        return Err(Stop::usage(
            "There is nobody to ask for the new password. Give it on standard input with --password-stdin.",
        ));
    }
    let document = json!({"server": run.client.server(), "email": email, "activated": true});
    run.output
        .show(&document, || format!("The password is set. Now sign in with: alongside login --email {email}"))
}

/// Asks until the server finds the password good enough. The code stays good as long as it has not been used.
fn ask_until_fit(run: &Run, email: &str, code: &str) -> Result<()> {
    run.output.tell("The password needs 15 letters or more (8 where you have a second factor). Four words that do not belong together do well.");
    loop {
        let password = rpassword::prompt_password("New password (nothing is shown while you type): ")?;
        let again = rpassword::prompt_password("The same again: ")?;
        if password != again {
            run.output.warn("The two are not the same. Please type both again.");
            continue;
        }
        let Err(error) = send(run, email, code, &password) else { return Ok(()) };
        let unfit = error.downcast_ref::<Problem>().and_then(unfit_password);
        match unfit {
            Some(why) => run.output.warn(&format!("{why} Please choose another one.")),
            None => return Err(error),
        }
    }
}

fn send(run: &Run, email: &str, code: &str, password: &str) -> Result<()> {
    run.client.activate(email, code, password).map_err(in_words)
}

/// Why the password will not do, where it is the password alone.
fn unfit_password(problem: &Problem) -> Option<String> {
    match problem.errors.as_slice() {
        [field] if problem.status == 422 && field.pointer == "/password" => Some(field.message.clone()),
        _ => None,
    }
}

/// The refusals of this one operation say less than is good to know.
fn in_words(error: anyhow::Error) -> anyhow::Error {
    if let Some(problem) = error.downcast_ref::<Problem>() {
        return match problem.status {
            401 => Stop::because(
                Exit::NotAuthorised,
                "The code does not fit this e-mail address, or it was used already, or it is more than seven \
                 days old. Check both for mistakes. If you have set a password before, sign in with it: \
                 alongside login. Otherwise ask whoever invited you for a new code.",
            ),
            _ => error,
        };
    }
    match error.downcast_ref::<Stop>() {
        Some(stop) if stop.exit == Exit::TryLater => Stop::because(
            Exit::TryLater,
            format!(
                "{} Perhaps the password was set and only the answer was lost: try to sign in with it, and if \
                 that fails do this again.",
                stop.words
            ),
        ),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(status: u16, pointer: &str) -> Problem {
        let body = json!({"code": "invalid", "title": "Not acceptable",
            "errors": [{"pointer": pointer, "code": "unfit", "message": "The password is short."}]});
        Problem::read(status, body.to_string().as_bytes())
    }

    #[test]
    fn only_the_password_is_asked_for_again() {
        assert_eq!(unfit_password(&problem(422, "/password")).unwrap(), "The password is short.");
        assert!(unfit_password(&problem(422, "/email")).is_none());
        assert!(unfit_password(&problem(503, "/password")).is_none());
    }

    #[test]
    fn a_refusal_says_what_to_do_next() {
        let refused = in_words(problem(401, "").into());
        assert!(refused.to_string().contains("new code"));
        assert_eq!(refused.downcast_ref::<Stop>().unwrap().exit, Exit::NotAuthorised);
        let lost = in_words(Stop::because(Exit::TryLater, "The server cannot be reached."));
        assert!(lost.to_string().contains("try to sign in"));
        assert!(in_words(problem(422, "/email").into()).downcast_ref::<Problem>().is_some());
    }
}
