//! The doctor's report: lines of PASS, WARN and FAIL.

use serde_json::{Value, json};

use crate::failure::{Exit, Failure};
use crate::output::{Out, Style};

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// PASS.
    Pass,
    /// WARN.
    Warn,
    /// FAIL.
    Fail,
}

/// One check.
#[derive(Clone, Debug)]
pub struct Check {
    /// The subject of the check.
    pub name: &'static str,
    /// The result.
    pub verdict: Verdict,
    /// The finding.
    pub text: String,
    /// What to do about it.
    pub fix: Option<String>,
    /// Whether the server would refuse to start because of it, with exit code 78.
    pub config: bool,
}

impl Check {
    fn new(name: &'static str, verdict: Verdict, text: String) -> Self {
        Self { name, verdict, text, fix: None, config: false }
    }

    /// PASS.
    pub fn pass(name: &'static str, text: impl Into<String>) -> Self {
        Self::new(name, Verdict::Pass, text.into())
    }

    /// WARN.
    pub fn warn(name: &'static str, text: impl Into<String>) -> Self {
        Self::new(name, Verdict::Warn, text.into())
    }

    /// FAIL.
    pub fn fail(name: &'static str, text: impl Into<String>) -> Self {
        Self::new(name, Verdict::Fail, text.into())
    }

    /// FAIL, and the server would not start.
    pub fn misconfigured(name: &'static str, text: impl Into<String>) -> Self {
        Self { config: true, ..Self::fail(name, text) }
    }

    /// Adds advice on what to do.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    fn render(&self, style: Style) -> String {
        let verdict = match self.verdict {
            Verdict::Pass => style.green("PASS"),
            Verdict::Warn => style.yellow("WARN"),
            Verdict::Fail => style.red("FAIL"),
        };
        let fix = self.fix.iter().map(|fix| format!("\n                   {fix}")).collect::<String>();
        format!("{verdict}  {:<12} {}{fix}", self.name, self.text)
    }

    fn json(&self) -> Value {
        let verdict = match self.verdict {
            Verdict::Pass => "pass",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        };
        json!({ "check": self.name, "verdict": verdict, "text": self.text, "fix": self.fix })
    }
}

/// All checks so far.
#[derive(Clone, Debug, Default)]
pub struct Report {
    checks: Vec<Check>,
}

impl Report {
    /// Adds a check.
    pub fn add(&mut self, check: Check) {
        self.checks.push(check);
    }

    /// Prints the checks, and the settings in effect if they are known.
    ///
    /// # Errors
    /// With 78 if the server would not start, with 1 if anything else failed.
    pub fn finish(self, effective: Option<Value>, out: Out) -> Result<(), Failure> {
        for check in &self.checks {
            out.line(&check.render(out.style()))?;
        }
        let checks: Vec<_> = self.checks.iter().map(Check::json).collect();
        out.value(&json!({ "ok": self.exit() == Exit::Done, "checks": checks, "config": effective }))?;
        let failed = self.checks.iter().filter(|check| check.verdict == Verdict::Fail).count();
        match self.exit() {
            Exit::Done => Ok(()),
            // The printed lines already show what failed.
            exit if out.is_json() => Err(Failure { silent: true, ..Failure::new(exit, "") }),
            exit => Err(Failure::new(exit, format_args!("{failed} of {} checks failed", self.checks.len()))),
        }
    }

    fn exit(&self) -> Exit {
        let mut failed = self.checks.iter().filter(|check| check.verdict == Verdict::Fail).peekable();
        match (failed.peek().is_some(), failed.any(|check| check.config)) {
            (false, _) => Exit::Done,
            (true, true) => Exit::Config,
            (true, false) => Exit::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_check_decides_the_exit_code() {
        let mut report = Report::default();
        report.add(Check::pass("a", ""));
        report.add(Check::warn("b", ""));
        assert_eq!(report.exit(), Exit::Done);
        report.add(Check::fail("c", ""));
        assert_eq!(report.exit(), Exit::Failed);
        report.add(Check::misconfigured("d", ""));
        report.add(Check::fail("e", ""));
        assert_eq!(report.exit(), Exit::Config);
    }
}
