//! What a call cost.

use crate::domain::price::price_of;
use crate::domain::{Day, Endpoint, MicroDollars, Outcome, TokenUsage, UsageEvent};

/// Codes of errors after which nobody knows what the provider did, and billed.
const UNKNOWN: &[&str] = &["upstream_timeout", "upstream_stream_interrupted", "upstream_cancelled"];

/// What the call cost at the prices of `day`; `None` if that is not known: the model or some of the tokens have no price in
/// the table, or the answer did not end, so that not all of its tokens were counted.
///
/// `is_answering`: the caller has part of the answer.
pub(super) fn cost_of(event: &UsageEvent, is_answering: bool, day: Day) -> Option<MicroDollars> {
    let Some(provider) = event.provider else { return Some(MicroDollars(0)) };
    if event.endpoint == Endpoint::Models || matches!(event.outcome, Outcome::Refused(_)) {
        return Some(MicroDollars(0));
    }
    if event.outcome != Outcome::Complete {
        let is_error_answer = matches!(event.outcome, Outcome::Failed(_))
            && !is_answering
            && event.tokens == TokenUsage::default()
            && !event.code.as_deref().is_some_and(|code| UNKNOWN.contains(&code));
        return is_error_answer.then_some(MicroDollars(0));
    }
    // The answer's name is the exact one; a provider may also answer with a name of its own making.
    let named = [event.model_answered.as_deref(), event.model_asked.as_deref()].into_iter().flatten();
    let price = named.filter_map(|model| price_of(provider, model, day)).next()?;
    // An answer without counts was not free.
    (event.tokens != TokenUsage::default()).then(|| price.cost(&event.tokens))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{EndUser, ProjectId, RequestId, Timestamp};
    use crate::domain::{Blame, Provider};

    const DAY: Day = Day(20_785); // 2026-11-28

    fn event(outcome: Outcome, model: &str, tokens: TokenUsage) -> UsageEvent {
        let (project, user) = (ProjectId::parse("prj_0123456789ABCDEFGHIJkl").unwrap(), EndUser::parse("u1").unwrap());
        let at = Timestamp(0);
        let mut event = UsageEvent::begun(RequestId::new(0, [0; 10]), at, project, user, Endpoint::Chat);
        event.provider = Some(Provider::OPENAI);
        event.model_asked = Some("gpt-4o-mini".into());
        event.model_answered = Some(model.into());
        (event.outcome, event.tokens) = (outcome, tokens);
        event
    }

    const TOKENS: TokenUsage = TokenUsage {
        input: 1000,
        output: 100,
        cache_read: 0,
        cache_write: 0,
        cache_write_1h: 0,
        reasoning: 0,
        unpriced: 0,
    };

    #[test]
    fn a_complete_call_costs_what_the_table_says() {
        let cost = |model, tokens| cost_of(&event(Outcome::Complete, model, tokens), true, DAY);
        assert_eq!(cost("gpt-4o-mini-2024-07-18", TOKENS), Some(MicroDollars(210)));
        assert_eq!(cost("gpt-4o-2024-08-06", TOKENS), Some(MicroDollars(3500)), "the model that answered");
        assert_eq!(cost("deployment-7", TOKENS), Some(MicroDollars(210)), "the model that was asked for");
        assert_eq!(cost("gpt-4o", TokenUsage { unpriced: 3, ..TOKENS }), None);
        assert_eq!(cost("gpt-4o", TokenUsage::default()), None, "no usage in the answer");
        let mut unknown = event(Outcome::Complete, "gpt-99", TOKENS);
        unknown.model_asked = Some("gpt-99".into());
        assert_eq!(cost_of(&unknown, true, DAY), None);
        assert_eq!(cost_of(&event(Outcome::Complete, "gpt-4o-mini", TOKENS), true, Day(0)), None, "no price that day");
    }

    #[test]
    fn what_was_not_answered_costs_nothing_and_what_was_cut_is_unknown() {
        let free = Some(MicroDollars(0));
        let none = TokenUsage::default();
        assert_eq!(cost_of(&event(Outcome::Refused(Blame::Caller), "", none), false, DAY), free);
        assert_eq!(cost_of(&event(Outcome::Failed(Blame::User), "", none), false, DAY), free);
        assert_eq!(cost_of(&event(Outcome::Failed(Blame::Provider), "", none), true, DAY), None);
        assert_eq!(cost_of(&event(Outcome::Failed(Blame::Provider), "gpt-4o", TOKENS), false, DAY), None);
        assert_eq!(cost_of(&event(Outcome::Cancelled, "gpt-4o", TOKENS), true, DAY), None);
        assert_eq!(cost_of(&event(Outcome::Cancelled, "gpt-4o", none), false, DAY), None);
        let mut late = event(Outcome::Failed(Blame::Provider), "", none);
        late.code = Some("upstream_timeout".into());
        assert_eq!(cost_of(&late, false, DAY), None);
        late.provider = None;
        assert_eq!(cost_of(&late, false, DAY), free, "refused before it was known whom to ask");
    }
}
