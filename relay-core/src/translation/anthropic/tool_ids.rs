//! Ids of tool calls: unique in the whole conversation, in Anthropic's alphabet, in calls and results alike.
//!
//! OpenAI compares ids within one turn only, so a history may have `call_0` in every turn. An id depends on the messages
//! before it alone: a cached prefix stays the same from call to call.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

/// Longer ids are cut. Some gateways put whole signatures into them.
const MAX_ID: usize = 64;

/// The calls of one conversation.
#[derive(Debug, Default)]
pub(super) struct ToolIds<'a> {
    /// For each id in use, the number to try next on a collision.
    used: HashMap<String, u32>,
    /// Calls of the last assistant turn.
    open: Vec<OpenCall<'a>>,
    /// Which of `open` wait for a result, by the caller's id, the oldest first.
    by_id: HashMap<Cow<'a, str>, VecDeque<usize>>,
    /// The same by the function's name, of the deprecated form.
    by_function: HashMap<Cow<'a, str>, VecDeque<usize>>,
    /// Calls of the answer that is being read.
    next: Vec<OpenCall<'a>>,
}

/// What a result is addressed to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Asked<'a> {
    /// The caller's id.
    Id(Cow<'a, str>),
    /// Of the deprecated form, the function's name.
    Function(Cow<'a, str>),
}

/// A call that may get a result.
#[derive(Debug)]
struct OpenCall<'a> {
    asked: Asked<'a>,
    sent: String,
    is_answered: bool,
}

impl<'a> ToolIds<'a> {
    /// The id to send for a call.
    pub(super) fn call(&mut self, asked: Cow<'a, str>) -> String {
        let sent = self.unique(&asked);
        self.open_call(Asked::Id(asked), sent)
    }

    /// The id of a call of the deprecated form, in message `index`.
    pub(super) fn function_call(&mut self, name: Cow<'a, str>, index: usize) -> String {
        let sent = self.unique(&format!("call_fn_{index}"));
        self.open_call(Asked::Function(name), sent)
    }

    fn open_call(&mut self, asked: Asked<'a>, sent: String) -> String {
        self.next.push(OpenCall { asked, sent: sent.clone(), is_answered: false });
        sent
    }

    /// Begins the results of the answer that was read; of two answers in a row they come together.
    pub(super) fn begin_results(&mut self) {
        for call in self.next.drain(..) {
            let (waiting, asked) = match &call.asked {
                Asked::Id(id) => (&mut self.by_id, id),
                Asked::Function(name) => (&mut self.by_function, name),
            };
            waiting.entry(asked.clone()).or_default().push_back(self.open.len());
            self.open.push(call);
        }
    }

    /// The id of the call that a result with this id answers: the first one without a result. `None`: no such call is left in
    /// the turn before it.
    pub(super) fn result(&mut self, asked: &str) -> Option<String> {
        let at = self.by_id.get_mut(asked)?.pop_front()?;
        self.answer(at)
    }

    /// The id of the oldest call of this function that has no result yet.
    pub(super) fn function_result(&mut self, name: &str) -> Option<String> {
        let at = self.by_function.get_mut(name)?.pop_front()?;
        self.answer(at)
    }

    fn answer(&mut self, at: usize) -> Option<String> {
        let call = self.open.get_mut(at)?;
        call.is_answered = true;
        Some(call.sent.clone())
    }

    /// Ends the results of the last assistant turn. Gives calls that share their result with one of the same id, as (call,
    /// call with the result).
    ///
    /// # Errors
    /// The id of a call without a result.
    pub(super) fn end_turn(&mut self) -> Result<Vec<(String, String)>, String> {
        let calls = std::mem::take(&mut self.open);
        self.by_id.clear();
        self.by_function.clear();
        let mut answered: HashMap<&Asked<'_>, &str> = HashMap::new();
        for call in calls.iter().filter(|call| call.is_answered) {
            answered.entry(&call.asked).or_insert(&call.sent);
        }
        let mut shared = Vec::new();
        for call in calls.iter().filter(|call| !call.is_answered) {
            match (&call.asked, answered.get(&call.asked)) {
                (Asked::Id(_), Some(other)) => shared.push((call.sent.clone(), (*other).to_owned())),
                (Asked::Id(asked) | Asked::Function(asked), _) => return Err(asked.clone().into_owned()),
            }
        }
        Ok(shared)
    }

    fn unique(&mut self, asked: &str) -> String {
        let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        let clean: String = asked.chars().take(MAX_ID).map(allowed).collect();
        let base = if clean.is_empty() { "tool".to_owned() } else { clean };
        let mut free = base.clone();
        let mut number = self.used.get(&base).copied().unwrap_or(2);
        while self.used.contains_key(&free) {
            free = format!("{base}_{number}");
            number += 1;
        }
        self.used.insert(base, number);
        self.used.entry(free.clone()).or_insert(2);
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(ids: &mut ToolIds<'static>, asked: &'static str) -> String {
        let sent = ids.call(asked.into());
        ids.begin_results();
        sent
    }

    #[test]
    fn no_id_is_sent_twice() {
        let mut ids = ToolIds::default();
        let long: &'static str = Box::leak("x".repeat(300).into_boxed_str());
        let asked = ["a:1", "a.1", "a_1", "a:1", "", "", "tool", "a_1_2", "é", "_", long, long];
        let sent = asked.map(|id| sent(&mut ids, id));
        assert_eq!(sent[..10], ["a_1", "a_1_2", "a_1_3", "a_1_4", "tool", "tool_2", "tool_3", "a_1_2_2", "_", "__2"]);
        assert!(sent[10].len() == MAX_ID && sent[11] == format!("{}_2", sent[10]));
    }

    #[test]
    fn results_of_equal_ids_answer_their_calls_in_order() {
        let mut ids = ToolIds::default();
        for id in ["c", "d", "c"] {
            sent(&mut ids, id);
        }
        let mut answered = |id: &str| ids.result(id).unwrap_or_default();
        assert_eq!(["c", "c", "d", "c", "e"].map(&mut answered), ["c", "c_2", "d", "", ""]);
        assert_eq!(ids.end_turn(), Ok(vec![]));
        assert_eq!(ids.result("c"), None);
    }

    #[test]
    fn a_call_that_was_sent_twice_shares_its_only_result() {
        let mut ids = ToolIds::default();
        sent(&mut ids, "c");
        sent(&mut ids, "c");
        ids.result("c");
        assert_eq!(ids.end_turn(), Ok(vec![("c_2".to_owned(), "c".to_owned())]));
        sent(&mut ids, "d");
        assert_eq!(ids.end_turn(), Err("d".to_owned()));
    }
}
