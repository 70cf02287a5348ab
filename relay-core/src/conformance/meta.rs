//! The conformance suite of [`Meta`].

use crate::ports::Meta;

/// Checks every obligation of [`Meta`] that can be seen from outside and needs no stored key.
pub async fn meta(store: &dyn Meta) {
    rule!(a_value_comes_back_as_it_was_stored(store));
    rule!(a_value_replaces_the_previous_one(store));
    rule!(a_store_that_can_be_written_to_is_ready(store));
}

async fn a_value_comes_back_as_it_was_stored(store: &dyn Meta) {
    assert_eq!(store.meta("suite.value").await.unwrap(), None);
    for value in [vec![], vec![0, 255, 10, 0], vec![7; 4096]] {
        store.put_meta("suite.value", value.clone()).await.unwrap();
        assert_eq!(store.meta("suite.value").await.unwrap(), Some(value));
    }
    assert_eq!(store.meta("suite.Value").await.unwrap(), None, "keys are compared byte by byte");
}

async fn a_value_replaces_the_previous_one(store: &dyn Meta) {
    store.put_meta("suite.other", vec![1]).await.unwrap();
    for value in [1, 2] {
        store.put_meta("suite.replaced", vec![value]).await.unwrap();
    }
    assert_eq!(store.meta("suite.replaced").await.unwrap(), Some(vec![2]));
    assert_eq!(store.meta("suite.other").await.unwrap(), Some(vec![1]));
}

async fn a_store_that_can_be_written_to_is_ready(store: &dyn Meta) {
    store.ready().await.unwrap();
}
