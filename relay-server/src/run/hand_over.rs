//! Takes the master key out of the environment.
//!
//! The kernel shows a process's first environment in `/proc/PID/environ` for as long as the program runs, and no safe call
//! changes it. So the program starts itself again in the same process, without the variable, and hands the key over
//! through a pipe. The memory of the first start, with all its copies of the key, is gone then.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use zeroize::Zeroizing;

use crate::config::{Config, MasterKeyText};

/// The flag with which the program reads the master key from standard input.
const FLAG: &str = "--master-key-stdin";
/// The longest text that always fits into a pipe, in bytes: a user with many pipes gets them with one page (pipe(7)).
const PIPE_LEN: usize = 4096;
/// The longest text of master keys on standard input, in bytes: some 1,400 keys.
const LONGEST: usize = 64 << 10;

/// Starts the program again without the master key's variable, if that is set. Returns only if it is not, or with the
/// reason why that was impossible.
///
/// # Errors
/// If the program could not be started again. The variable is still there then.
pub(super) fn leave_environment(config: &Config) -> io::Result<()> {
    let variable = &config.master_key.env;
    if std::env::var_os(variable).is_none() {
        return Ok(());
    }
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    let mut command = Command::new(program()?);
    if config.master_key.from_variable
        && let Some(text) = &config.master_key.text
    {
        command.stdin(pipe_with(text.expose().as_bytes())?);
        let end = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
        arguments.insert(end, FLAG.into());
    }
    let mut arguments = arguments.into_iter();
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    Err(command.args(arguments).env_remove(variable).exec())
}

/// This program's file, even if another one has taken its name.
fn program() -> io::Result<PathBuf> {
    let named = std::env::current_exe()?;
    Ok(if named.exists() { named } else { PathBuf::from("/proc/self/exe") })
}

/// The end of a pipe from which these bytes can be read.
fn pipe_with(bytes: &[u8]) -> io::Result<io::PipeReader> {
    if bytes.len() > PIPE_LEN {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than 4 KiB; use a file"));
    }
    let (reader, mut writer) = io::pipe()?;
    writer.write_all(bytes)?;
    Ok(reader)
}

/// Reads the text of the master keys from standard input, to its end.
pub(super) fn master_key_from_stdin() -> io::Result<MasterKeyText> {
    // Not through `io::Stdin`, whose buffer would keep a copy.
    let input = std::fs::File::from(io::stdin().as_fd().try_clone_to_owned()?);
    // Allocated at once, so that growing does not leave a copy behind.
    let mut text = Zeroizing::new(String::with_capacity(LONGEST));
    input.take(LONGEST as u64).read_to_string(&mut text)?;
    if text.len() == LONGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than 64 KiB"));
    }
    Ok(MasterKeyText::new(text))
}
