//! The commands, one file for each.

pub mod audit;
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
pub mod webhooks;

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::failure::{Exit, Failure};

/// Asks for confirmation before data is deleted, unless `--yes` was given.
///
/// # Errors
/// If the answer is no, or there is no terminal to ask on.
pub fn confirm(yes: bool, question: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::usage("this cannot be undone, and there is no terminal for a confirmation")
            .hint("repeat the command with --yes"));
    }
    let mut stderr = io::stderr();
    let _ = write!(stderr, "{question} [y/N] ");
    let _ = stderr.flush();
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(Failure::new(Exit::Failed, "cancelled; nothing was changed"))
    }
}
