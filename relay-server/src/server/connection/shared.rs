//! What all connections share.

use std::sync::Arc;

use actix_web::web::Data;

use super::framing::HeadLimits;
use super::link::Times;
use crate::state::State;
use crate::state::admission::Admission;

/// What all connections share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) state: Data<State>,
    pub(crate) limits: HeadLimits,
    /// The path before all routes.
    pub(crate) path: Arc<str>,
    pub(crate) times: Times,
    pub(crate) admission: Arc<Admission>,
    /// Connections of each worker beyond the maximum, which serve health checks only.
    pub(crate) reserve: usize,
}
