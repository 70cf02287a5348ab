//! What each thing that a provider says of a key does to its connection.

use relay_core::domain::{ConnectionState, KeySignal};

const SIGNALS: [KeySignal; 8] = [
    KeySignal::Works,
    KeySignal::Invalid,
    KeySignal::Revoked,
    KeySignal::Restricted,
    KeySignal::NoCredit,
    KeySignal::SpendLimit,
    KeySignal::NeedsWorkspace,
    KeySignal::Disabled,
];

#[test]
fn a_good_answer_repairs_every_state() {
    for state in ConnectionState::ALL {
        for (refusals, checked) in [(0, false), (1, false), (7, true)] {
            assert_eq!(KeySignal::Works.apply(state, refusals, checked), (ConnectionState::Active, 0), "{state:?}");
        }
    }
}

#[test]
fn one_refusal_proves_nothing_two_in_a_row_or_one_check_do() {
    for (signal, refused) in
        [(KeySignal::Invalid, ConnectionState::Invalid), (KeySignal::Revoked, ConnectionState::Revoked)]
    {
        for state in ConnectionState::ALL {
            assert_eq!(signal.apply(state, 0, false), (state, 1), "{signal:?} {state:?}");
            assert_eq!(signal.apply(state, 1, false), (refused, 2), "{signal:?} {state:?}");
            assert_eq!(signal.apply(state, 0, true), (refused, 1), "{signal:?} {state:?}");
            assert_eq!(signal.apply(state, u32::MAX, false), (refused, u32::MAX), "{signal:?} {state:?}");
        }
    }
}

#[test]
fn refusals_count_in_a_row_only() {
    let row = |signals: &[KeySignal]| {
        signals
            .iter()
            .fold((ConnectionState::Active, 0), |(state, refusals), signal| signal.apply(state, refusals, false))
    };
    assert_eq!(row(&[KeySignal::Invalid, KeySignal::Works, KeySignal::Invalid]), (ConnectionState::Active, 1));
    assert_eq!(row(&[KeySignal::Invalid, KeySignal::NoCredit, KeySignal::Invalid]), (ConnectionState::NoCredit, 1));
    assert_eq!(row(&[KeySignal::Invalid, KeySignal::Revoked]), (ConnectionState::Revoked, 2));
}

#[test]
fn money_and_permissions_show_at_once_and_do_not_stop_calls() {
    for signal in SIGNALS {
        let want = match signal {
            KeySignal::NoCredit | KeySignal::SpendLimit => ConnectionState::NoCredit,
            KeySignal::Restricted | KeySignal::NeedsWorkspace | KeySignal::Disabled => ConnectionState::Restricted,
            _ => continue,
        };
        for (state, checked) in ConnectionState::ALL.into_iter().flat_map(|state| [(state, false), (state, true)]) {
            assert_eq!(signal.apply(state, 1, checked), (want, 0), "{signal:?} {state:?}");
        }
        assert!(!want.refuses_calls());
    }
}

#[test]
fn only_what_the_provider_refuses_stops_calls() {
    let stopped = ConnectionState::ALL.into_iter().filter(|state| state.refuses_calls());
    assert_eq!(stopped.collect::<Vec<_>>(), [ConnectionState::Invalid, ConnectionState::Revoked]);
}
