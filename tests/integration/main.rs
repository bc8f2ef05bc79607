//! Tests of the library from outside: its conventions, its documentation, its reports.

mod catalogue;
mod reports;
mod samples;
mod schema;
