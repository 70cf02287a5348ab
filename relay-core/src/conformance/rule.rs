//! Adds the rule's name to the message of each panic.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures::FutureExt as _;

/// Checks one rule of a suite: `rule!(a_token_works_once(store))`.
macro_rules! rule {
    ($name:ident($($argument:expr),*)) => {
        $crate::conformance::rule::check(stringify!($name), $name($($argument),*)).await
    };
}

/// Like `rule!`, for a rule that is not async.
macro_rules! sync_rule {
    ($name:ident($($argument:expr),*)) => {
        $crate::conformance::rule::check_sync(stringify!($name), || $name($($argument),*))
    };
}

pub(super) async fn check(rule: &str, run: impl Future<Output = ()>) {
    if let Err(panic) = AssertUnwindSafe(run).catch_unwind().await {
        broken(rule, &*panic);
    }
}

pub(super) fn check_sync(rule: &str, run: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
        broken(rule, &*panic);
    }
}

fn broken(rule: &str, panic: &(dyn Any + Send)) -> ! {
    let text = panic.downcast_ref::<&str>().copied();
    let message = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("see above");
    panic!("the rule {rule} is broken: {message}")
}

#[cfg(test)]
mod tests {
    #[test]
    #[should_panic(expected = "the rule one_is_two is broken: assertion `left == right` failed: as always")]
    fn a_panic_names_the_rule() {
        fn one_is_two(one: u8) {
            assert_eq!(one, 2, "as always");
        }
        sync_rule!(one_is_two(1));
    }

    #[test]
    #[should_panic(expected = "the rule a_text_exists is broken: no text")]
    fn a_panic_in_an_async_rule_names_it_too() {
        async fn a_text_exists() {
            panic!("no text");
        }
        futures::executor::block_on(async { rule!(a_text_exists()) });
    }
}
