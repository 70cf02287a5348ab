//! What each command does: one file a command.

pub mod chat;
pub mod completions;
pub mod config;
pub mod connections;
pub mod doctor;
pub mod health;
pub mod init;
pub mod keys;
pub mod master_key;
pub mod projects;
pub mod serve;
pub mod tokens;
pub mod usage;
pub mod users;

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::failure::{Exit, Failure};

/// Asks before something is lost, unless `--yes` was given.
///
/// # Errors
/// When the answer is no, or nobody is there to ask.
pub fn confirm(yes: bool, question: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::usage("this can't be undone, and nobody is there to ask").hint("repeat it with --yes"));
    }
    let mut stderr = io::stderr();
    let _ = write!(stderr, "{question} [y/N] ");
    let _ = stderr.flush();
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(Failure::new(Exit::Failed, "nothing was done"))
    }
}
