//! Tests across crates.

mod access;
mod bad_input;
mod binary;
mod cluster;
mod crash_of_postgres;
mod crash_of_service;
mod databases;
mod doctor;
mod exports;
mod imports;
mod intake;
mod journeys;
mod limits;
mod mail;
mod model;
mod pages;
mod print;
mod projections;
mod proof;
mod reporting;
mod secretariat;
mod service;
mod service_promises;
mod sign_in;
mod store_contract;
mod upstream_faults;
