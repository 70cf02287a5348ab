//! Runs the target that RELAY_FUZZ_TARGET names.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use relay_fuzz::fuzz::{Random, TARGETS, mutate};

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("RELAY_FUZZ_TARGET").expect("RELAY_FUZZ_TARGET names a target");
    TARGETS.iter().find(|(known, _)| *known == name).expect("RELAY_FUZZ_TARGET names a target").1
});

fuzz_target!(|data: &[u8]| TARGET(data));

// Half of the changes know what JSON and events are, half are the fuzzer's own.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = Random(u64::from(seed));
    if random.below(2) == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let mut changed = data[..size].to_vec();
    for _ in 0..=random.below(3) {
        mutate(&mut changed, &mut random);
    }
    changed.truncate(max_size);
    data[..changed.len()].copy_from_slice(&changed);
    changed.len()
});
