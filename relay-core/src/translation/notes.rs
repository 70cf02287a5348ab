//! Which members of a request were left out or changed.

/// Members of the request that did not reach the provider unchanged: sorted, without duplicates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Left out: `x-relay-dropped-params`.
    pub dropped: Vec<String>,
    /// Changed: `x-relay-adjusted-params`.
    pub adjusted: Vec<String>,
}

impl Notes {
    /// Notes that `name` was left out.
    pub fn drop(&mut self, name: impl Into<String>) {
        insert(&mut self.dropped, name.into());
    }

    /// Notes that `name` was changed.
    pub(crate) fn adjust(&mut self, name: impl Into<String>) {
        insert(&mut self.adjusted, name.into());
    }
}

fn insert(names: &mut Vec<String>, name: String) {
    if let Err(place) = names.binary_search(&name) {
        names.insert(place, name);
    }
}
