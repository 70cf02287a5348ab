//! The timeouts of a call to a provider.

use std::time::Duration;

/// The longest timeout: one day, so that adding it to a point in time cannot overflow.
const LONGEST: Duration = Duration::from_secs(86_400);

/// The timeouts of a call. The defaults are for production; a server's configuration may shorten them. A timeout of
/// more than a day counts as a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For DNS, TCP and TLS together: 5 s.
    pub connect: Duration,
    /// From the call to the head of a streamed answer: 300 s.
    pub first_byte_of_stream: Duration,
    /// From the call to the head of a whole answer, which the model writes completely first: 600 s.
    pub first_byte_of_whole: Duration,
    /// Between two pieces of a body: 120 s.
    pub gap: Duration,
    /// From the call to the end of the body: 3,600 s.
    pub total: Duration,
    /// After which an unused connection is closed: 55 s, which is less than the providers' own limits.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte_of_stream: Duration::from_secs(300),
            first_byte_of_whole: Duration::from_secs(600),
            gap: Duration::from_secs(120),
            total: Duration::from_secs(3600),
            idle: Duration::from_secs(55),
        }
    }
}

impl Timeouts {
    /// The same timeouts, each at most a day.
    pub(super) fn bounded(self) -> Self {
        let Self { connect, first_byte_of_stream, first_byte_of_whole, gap, total, idle } = self;
        Self {
            connect: connect.min(LONGEST),
            first_byte_of_stream: first_byte_of_stream.min(LONGEST),
            first_byte_of_whole: first_byte_of_whole.min(LONGEST),
            gap: gap.min(LONGEST),
            total: total.min(LONGEST),
            idle: idle.min(LONGEST),
        }
    }
}
