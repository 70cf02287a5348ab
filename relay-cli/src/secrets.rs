//! Reads secrets from the environment, a file or standard input. Never from arguments, which every process can read.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use relay_core::Provider;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// The prefixes of Relay's secrets. Those of the providers are in [`Provider::key_prefixes`].
const PREFIXES: &[&str] = &["rly-", "rrt-"];
/// Shorter texts with such a prefix are ordinary names.
const SHORTEST: usize = 20;
/// The longest secret that is read, in bytes.
const LONGEST: u64 = 4096;

/// Refuses a command line that contains a secret, before anything can print it.
///
/// # Errors
/// A usage failure that does not show the secret.
pub fn refuse_in_arguments(arguments: impl IntoIterator<Item = OsString>) -> Result<(), Failure> {
    let found = arguments.into_iter().any(|argument| looks_secret(&argument.to_string_lossy()));
    if !found {
        return Ok(());
    }
    Err(Failure::usage("the arguments contain a secret, and every process of this machine can read them")
        .hint("use RELAY_KEY, --relay-key-file, --provider-key-file or standard input; then replace the exposed key"))
}

fn looks_secret(argument: &str) -> bool {
    let value = argument.split_once('=').filter(|_| argument.starts_with("--")).map_or(argument, |(_, value)| value);
    let mut prefixes = Provider::ALL.iter().flat_map(|provider| provider.key_prefixes()).chain(PREFIXES);
    value.len() >= SHORTEST
        && value.bytes().all(|b| b.is_ascii_graphic())
        && prefixes.any(|prefix| value.starts_with(prefix))
}

/// The Relay key: from the file if there is one, else from `RELAY_KEY`.
///
/// # Errors
/// If there is neither, or the file cannot be read.
pub fn relay_key(file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
    if let Some(file) = file {
        return read_file(file);
    }
    let key = std::env::var("RELAY_KEY").map(Zeroizing::new).unwrap_or_default();
    if key.trim().is_empty() {
        return Err(Failure::usage("there is no Relay key")
            .hint("set RELAY_KEY, or name a file with --relay-key-file; create a key with `relay keys create`"));
    }
    one_line(&key)
}

/// A provider key: from the file if there is one, else from standard input, with a prompt on a terminal.
///
/// # Errors
/// When the secret is missing, or cannot be read.
pub fn provider_key(file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
    match file {
        Some(file) => read_file(file),
        None if io::stdin().is_terminal() => ask("Paste the provider key (it is not shown), then press Enter: "),
        None => read_stdin(),
    }
}

fn read_file(file: &Path) -> Result<Zeroizing<String>, Failure> {
    if file == Path::new("-") {
        return read_stdin();
    }
    let failure = |error: io::Error| Failure::usage(format_args!("cannot read {}: {error}", file.display()));
    let mut text = Zeroizing::new(String::new());
    std::fs::File::open(file).and_then(|file| file.take(LONGEST).read_to_string(&mut text)).map_err(failure)?;
    one_line(&text)
}

fn read_stdin() -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    let read = io::stdin().take(LONGEST).read_to_string(&mut text);
    read.map_err(|error| Failure::usage(format_args!("cannot read standard input: {error}")))?;
    one_line(&text)
}

/// Reads a line that the terminal does not show. A shell does this, because it can restore the terminal after Ctrl-C.
const ASK: &str = "trap 'stty echo; exit 130' INT TERM; stty -echo; IFS= read -r line; stty echo; printf %s \"$line\"";

fn ask(question: &str) -> Result<Zeroizing<String>, Failure> {
    let mut stderr = io::stderr();
    // If the prompt cannot be printed, there is nobody to answer it.
    let _ = write!(stderr, "{question}");
    let _ = stderr.flush();
    let asked = Command::new("sh").args(["-c", ASK]).stdin(Stdio::inherit()).stderr(Stdio::inherit()).output();
    let _ = writeln!(stderr);
    let answer = asked.map(|asked| Zeroizing::new(asked.stdout));
    let answer = answer.map_err(|error| Failure::usage(format_args!("cannot read the terminal: {error}")))?;
    let text =
        std::str::from_utf8(&answer).map_err(|_| Failure::usage("a key may only have printable ASCII characters"))?;
    one_line(text)
}

fn one_line(text: &str) -> Result<Zeroizing<String>, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::usage("the key is empty"));
    }
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Failure::usage("a key must be one line of printable ASCII characters"));
    }
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_arguments_are_refused() {
        for bad in ["rly-0123456789abcdefghij", "--relay-key=rly-0123456789abcdefghij", "sk-ant-api03-0123456789"] {
            let refused = refuse_in_arguments(["chat".into(), bad.into()]).unwrap_err();
            assert!(!refused.message.contains("0123"), "{refused:?}");
        }
    }

    #[test]
    fn ordinary_arguments_are_not_secrets() {
        let fine =
            ["chat", "--user", "jieun_123", "sk-8 is a skateboard of the nineties", "--model=gpt-4o-mini", "rly-x"];
        refuse_in_arguments(fine.map(Into::into)).unwrap();
    }

    #[test]
    fn a_key_is_one_line() {
        assert_eq!(one_line(" rly-x\r\n").unwrap().as_str(), "rly-x");
        assert!(one_line("a\nb").is_err());
        assert!(one_line("\n").is_err());
    }
}
