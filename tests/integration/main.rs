//! Tests of the library from outside: its conventions, its documentation, its reports.

mod baseline;
mod browser;
mod carriers;
mod catalogue;
mod ci;
mod cli;
mod common;
mod consistency;
mod diff;
mod expect;
mod flows;
mod kpi;
mod lists;
mod matrix;
mod mistakes;
mod readme;
mod redaction;
mod reports;
mod samples;
mod scenarios;
mod schema;
mod servers;
mod tcp;
mod threads;
mod tunnels;
mod without_sip;
