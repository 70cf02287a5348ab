//! The work budget: what the translation of one request may cost, counted in steps.
//!
//! Most of a request is read once, in time that grows with its length. Schemas are not: references lead to references, and
//! each level of nesting is read with all that is in it. So their translation counts what it reads, copies and compares. The
//! count is the same for the same request on every machine, unlike time.

use std::cell::Cell;

use serde_json::value::RawValue;

use crate::error::RelayError;
use crate::translation::json::Object;

/// What the longest request may cost. A step is a byte that is read or copied: this is about a quarter of a second of one
/// core.
///
/// Real requests are far below. The largest known sets of tools (500 tools, 3 MiB of schemas, ten levels deep) take a
/// quarter; Anthropic compiles 20 strict tools with 24 optional properties, and Gemini refuses schemas long before.
pub(crate) const MAX_WORK: u64 = 128 << 20;
/// What any request may cost, and how much more for each of its bytes. A schema that is ten levels deep, and changed at
/// each of them, takes about 80 steps a byte.
const LEAST_WORK: u64 = 4 << 20;
const WORK_PER_BYTE: u64 = 256;
/// What the schemas of a request may cost on the thread that serves other calls: a quarter of a millisecond. Some dozen
/// tools of an ordinary agent cost less.
const SHORT_WORK: u64 = 128 << 10;

/// What a value of a schema costs beside its bytes, where it is read to a tree: an allocation and an entry of a map.
pub(crate) const NODE: usize = 256;

/// What the translation of one request may still cost, in steps.
///
/// A schema that is read when the budget is spent looks empty, so that the translation ends soon, with an error.
#[derive(Debug)]
pub struct Work {
    most: u64,
    left: Cell<u64>,
    is_spent: Cell<bool>,
}

impl Work {
    /// The budget of a request of this length, in bytes.
    pub fn for_request(length: usize) -> Self {
        let most = (length as u64).saturating_mul(WORK_PER_BYTE).saturating_add(LEAST_WORK).min(MAX_WORK);
        Self { most, left: Cell::new(most), is_spent: Cell::new(false) }
    }

    /// The budget of a translation that holds up other calls. If it is spent, its result is worth nothing: translate again
    /// elsewhere, with [`Self::for_request`].
    pub(crate) fn short() -> Self {
        Self { most: SHORT_WORK, left: Cell::new(SHORT_WORK), is_spent: Cell::new(false) }
    }

    /// Whether more was asked for than there was.
    pub(crate) fn is_spent(&self) -> bool {
        self.is_spent.get()
    }

    /// The budget of the longest request.
    #[cfg(test)]
    pub(crate) fn new() -> Self {
        Self::for_request(usize::MAX)
    }

    /// Takes `steps`; `false` if there are not enough left. From then on nothing is.
    pub(crate) fn spend(&self, steps: usize) -> bool {
        match self.left.get().checked_sub(steps as u64) {
            Some(left) => self.left.set(left),
            None => {
                self.left.set(0);
                self.is_spent.set(true);
            }
        }
        !self.is_spent.get()
    }

    /// The steps that were taken.
    pub fn spent(&self) -> u64 {
        self.most - self.left.get()
    }

    /// Call after the translation of the schema of `owner`, which stands at `param`.
    ///
    /// # Errors
    /// `schema_too_complex` if the budget is spent.
    pub(crate) fn check(&self, param: &str, owner: &str) -> Result<(), RelayError> {
        if self.is_spent.get() {
            Err(RelayError::schema_too_complex(param.to_owned(), owner, TOO_MUCH))
        } else {
            Ok(())
        }
    }

    /// A value of a schema as an object; `None` for other values.
    pub(crate) fn object<'a>(&self, raw: &'a RawValue) -> Option<Object<'a>> {
        let is_object = raw.get().starts_with('{') && self.spend(raw.get().len());
        if is_object { Object::from_raw(raw, String::new()).ok() } else { None }
    }

    /// A value of a schema as a list; `None` for other values.
    pub(crate) fn list<'a>(&self, raw: &'a RawValue) -> Option<Vec<&'a RawValue>> {
        let is_list = raw.get().starts_with('[') && self.spend(raw.get().len());
        if is_list { serde_json::from_str(raw.get()).ok() } else { None }
    }
}

/// Why a request's schemas are refused when the budget is spent.
const TOO_MUCH: &str = "the schemas of this request take too many steps to translate";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_request_may_cost_more() {
        let most = |length: usize| Work::for_request(length).most;
        assert_eq!([0, 1000, 1 << 20, 32 << 20].map(most), [4_194_304, 4_450_304, MAX_WORK, MAX_WORK]);
    }

    #[test]
    fn a_budget_ends_at_its_limit() {
        let work = Work::new();
        let most = usize::try_from(MAX_WORK).unwrap();
        assert!(work.spend(most));
        work.check("tools", "the tool `f`").unwrap();
        assert!(!work.spend(1) && !work.spend(0), "it stays spent");
        let error = work.check("tools[0].function.parameters", "the tool `f`").unwrap_err();
        assert_eq!((error.code(), error.param()), ("schema_too_complex", Some("tools[0].function.parameters")));
        assert!(error.message().contains("the tool `f`"), "{error}");
        assert!(work.object(serde_json::from_str("{\"a\":1}").unwrap()).is_none());
    }
}
