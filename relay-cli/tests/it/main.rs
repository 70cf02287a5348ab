//! The built `relay` command, run as its users run it.

mod demo;
mod help;
mod local;
mod remote;
mod run;
