//! A small HTTP client for Relay's own API.

mod chat_stream;
mod remote;
mod request;
mod response;
mod server;
mod url;

pub use chat_stream::{read_chat_stream, text_of};
pub use remote::Remote;
pub use request::{Method, Request};
pub use response::{Response, StreamingResponse};
pub use server::Server;
pub use url::{percent_encode, segment};
