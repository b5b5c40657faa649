//! The shinsei service: web API, pages, imports and the command line on one event log.

pub mod access;
mod acts;
pub mod app;
mod body;
mod bulk;
pub mod clock;
pub mod config;
pub mod demonstration;
pub mod doctor;
pub mod forwarder;
pub mod imports;
mod intake;
pub mod journey;
pub mod limits;
pub mod mail;
mod operations;
mod pages;
pub mod print;
pub mod problem;
mod program_archive;
pub mod proof;
pub mod routes;
mod saving;
pub mod searches;
pub mod server;
pub mod service;
mod situation;
pub mod telemetry;
pub mod write;

pub use app::{App, Exposure};
pub use clock::{Clock, ClockSetting};
pub use config::Mode;
pub use pages::{Gate, gates};
pub use server::{Running, ServeError, router, serve};
pub use service::{Call, OpenError, Service};
pub use write::Write;
