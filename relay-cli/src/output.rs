//! The output of the commands: lines and tables for people, JSON for scripts. Only this file writes to stdout.

use std::io::{self, IsTerminal, Write};

use serde_json::{Value, json};

use crate::failure::Failure;

/// The destination and form of results.
#[derive(Clone, Copy, Debug)]
pub struct Out {
    json: bool,
    style: Style,
    terminal: bool,
}

/// Whether output is coloured.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    color: bool,
}

impl Out {
    /// Results as JSON or for people; in colour on a terminal, unless `NO_COLOR` is set.
    pub fn new(json: bool) -> Self {
        let terminal = io::stdout().is_terminal();
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let able = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self { json, style: Style { color: terminal && wanted && able && !json }, terminal }
    }

    /// Whether scripts read this.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether output is coloured.
    pub fn style(&self) -> Style {
        self.style
    }

    /// Prints a line for people; nothing in JSON.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn line(&self, text: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { self.raw(&format!("{text}\n")) }
    }

    /// Prints a text unchanged and immediately, with and without `--json`.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn raw(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        Ok(stdout.flush()?)
    }

    /// Prints untrusted text, such as a model's: on a terminal, without control characters.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn foreign(&self, text: &str) -> Result<(), Failure> {
        if self.terminal { self.raw(&harmless(text)) } else { self.raw(text) }
    }

    /// Prints a result as JSON; nothing for people.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn value(&self, value: &Value) -> Result<(), Failure> {
        if self.json { self.raw(&format!("{value:#}\n")) } else { Ok(()) }
    }

    /// Prints rows as a table, or `value` as JSON.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn table(&self, table: &Table, value: &Value) -> Result<(), Failure> {
        if self.json { self.value(value) } else { self.raw(&table.render(self.style)) }
    }

    /// Prints a note for people on stderr.
    pub fn note(&self, text: &str) {
        if !self.json {
            // If stderr is closed, nobody can read the note.
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Prints on stderr why a command failed.
    pub fn failure(&self, failure: &Failure) {
        if failure.silent {
            return;
        }
        let text = if self.json { failure_json(failure).to_string() } else { failure_text(failure) };
        let _ = writeln!(io::stderr(), "{text}");
    }
}

fn failure_text(failure: &Failure) -> String {
    let mut text = format!("relay: {}", harmless(&failure.message));
    for (name, value) in [("code", &failure.code), ("request id", &failure.request_id)] {
        if let Some(value) = value {
            text.push_str(&format!("\n  {name}: {}", harmless(value)));
        }
    }
    if let Some(hint) = &failure.hint {
        text.push_str(&format!("\n  {hint}"));
    }
    text
}

fn failure_json(failure: &Failure) -> Value {
    json!({ "error": {
        "message": failure.message,
        "kind": failure.exit.word(),
        "exitCode": failure.exit.code(),
        "code": failure.code,
        "requestId": failure.request_id,
        "hint": failure.hint,
    }})
}

macro_rules! styles {
    ($($name:ident $code:literal $doc:literal),*) => {$(
        #[doc = $doc]
        pub fn $name(self, text: &str) -> String {
            if self.color { format!("\u{1b}[{}m{text}\u{1b}[0m", $code) } else { text.to_owned() }
        }
    )*};
}

impl Style {
    /// No colours.
    pub fn plain() -> Self {
        Self { color: false }
    }

    styles!(bold "1" "Bold.", dim "2" "Faint.", red "31" "Red.", green "32" "Green.", yellow "33" "Yellow.", cyan "36" "Cyan.");
}

/// Rows under headings.
#[derive(Clone, Debug)]
pub struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    empty: &'static str,
}

impl Table {
    /// A table with these headings. `empty` is printed if it has no rows.
    pub fn new(head: &[&'static str], empty: &'static str) -> Self {
        Self { head: head.to_vec(), rows: Vec::new(), empty }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| harmless(&cell).replace(['\n', '\t'], " ")).collect());
    }

    /// The table as text.
    pub fn render(&self, style: Style) -> String {
        if self.rows.is_empty() {
            return format!("{}\n", self.empty);
        }
        let widest = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| width(cell)).chain(self.head.get(column).map(|head| head.len())).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.head.len()).map(widest).collect();
        let head: Vec<String> = self.head.iter().map(|head| (*head).to_owned()).collect();
        let mut text = format!("{}\n", style.dim(&line(&head, &widths)));
        for row in &self.rows {
            text.push_str(&line(row, &widths));
            text.push('\n');
        }
        text
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, wide)| {
        let space = wide.saturating_sub(width(cell));
        format!("{cell}{}", " ".repeat(space))
    });
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// The number of terminal columns of a text. East Asian wide characters take two; this is precise enough for project
/// names.
fn width(text: &str) -> usize {
    let wide = |c: char| matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{1f300}'..='\u{1faff}');
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

/// The text without control characters other than line feed and tab.
fn harmless(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_with_wide_characters() {
        let mut table = Table::new(&["NAME", "ID"], "nothing");
        table.row(["한국".to_owned(), "a".to_owned()]);
        table.row(["x".to_owned(), "b".to_owned()]);
        assert_eq!(table.render(Style::plain()), "NAME  ID\n한국  a\nx     b\n");
    }

    #[test]
    fn an_empty_table_says_so() {
        assert_eq!(Table::new(&["NAME"], "no projects").render(Style::plain()), "no projects\n");
    }

    #[test]
    fn a_name_cannot_control_the_terminal() {
        let mut table = Table::new(&["NAME"], "");
        table.row(["\u{1b}[2Jevil\nname".to_owned()]);
        assert_eq!(table.render(Style::plain()), "NAME\n[2Jevil name\n");
    }

    #[test]
    fn a_failure_for_scripts_is_json() {
        let failure = Failure::usage("no").hint("do this");
        let value = failure_json(&failure);
        assert_eq!((value["error"]["exitCode"].as_u64(), value["error"]["kind"].as_str()), (Some(2), Some("usage")));
    }
}
