//! The fuzzer's targets, on the golden cases and some thousand changes to them. The long runs are `make fuzz`.

use std::path::Path;

use relay_tests::fuzz::{Random, Seed, TARGETS, mutate, seeds};

/// How many changed inputs there are for each target.
const CHANGED: u64 = 1500;

fn all_seeds() -> Vec<Seed> {
    seeds(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
}

/// Runs one target on all of its seeds, and on inputs that are some changes away from one.
fn hold(name: &str) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).unwrap();
    let seeds: Vec<Vec<u8>> =
        all_seeds().into_iter().filter(|seed| seed.target == name).map(|seed| seed.data).collect();
    assert!(!seeds.is_empty(), "no golden case is of use to {name}");
    for seed in &seeds {
        target(seed);
    }
    for round in 0..CHANGED {
        let mut random = Random(round);
        let mut data = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(6) {
            mutate(&mut data, &mut random);
        }
        let run = std::panic::catch_unwind(|| target(&data));
        assert!(run.is_ok(), "{name}, round {round}: {:?}", String::from_utf8_lossy(&data));
    }
}

macro_rules! targets {
    ($($test:ident: $target:literal,)*) => {
        $(#[test] fn $test() { hold($target) })*

        #[test]
        fn every_target_has_its_test() {
            assert_eq!(TARGETS.iter().map(|(name, _)| *name).collect::<Vec<_>>(), [$($target),*]);
        }
    };
}

targets! {
    any_bytes_are_the_standards_events: "sse",
    any_body_is_refused_or_kept_to_the_letter: "json",
    any_stream_of_openai_ends_once: "openai_stream",
    any_stream_of_anthropic_ends_once: "anthropic_stream",
    any_stream_of_google_ends_once: "google_stream",
    any_chat_request_to_openai_is_sendable_or_refused: "openai_chat",
    any_chat_request_to_anthropic_is_sendable_or_refused: "anthropic_chat",
    any_chat_request_to_google_is_sendable_or_refused: "google_chat",
    any_embeddings_request_is_sendable_or_refused: "embeddings",
    any_answer_of_openai_is_json_or_an_error: "openai_answer",
    any_answer_of_anthropic_is_json_or_an_error: "anthropic_answer",
    any_answer_of_google_is_json_or_an_error: "google_answer",
    any_error_is_an_error_in_openais_shape: "error",
}
