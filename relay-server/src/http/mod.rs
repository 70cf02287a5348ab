//! What all routes share: reading requests, writing responses, and the layer around both.

pub(crate) mod context;
pub(crate) mod cors;
pub(crate) mod disclosure;
pub(crate) mod error;
pub(crate) mod headers;
pub(crate) mod middleware;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod route;
