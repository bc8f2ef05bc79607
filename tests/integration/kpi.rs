//! Key figures of the whole program: on real captures, compared with what tshark shows of them.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::common::root;

fn kpi(capture: &Path) -> Value {
    let run = Command::new(env!("CARGO_BIN_EXE_sipscan"))
        .args(["--kpi", "--no-config", "--format", "json"])
        .arg(capture)
        .output()
        .unwrap();
    assert!(run.stderr.is_empty(), "{}", String::from_utf8_lossy(&run.stderr));
    let report: Value = serde_json::from_slice(&run.stdout).unwrap();
    report["summary"]["kpi"]["total"].clone()
}

/// Times are those that `tshark -Y sip -T fields -e frame.time_relative` gives for the INVITE, the 18x, the 2xx, the BYE and its 2xx.
#[test]
fn figures_of_real_captures_are_those_that_can_be_read_off_them() {
    let folder = root().join("../shared/captures/udp");
    // Answered after a 401; 183.
    let magic = folder.join("ajbanjara__Wireshark__MagicJack-_short_call.pcap");
    // Two calls with re-INVITEs, one of them rejected with 488, seen on several hops and by several taps.
    let fax = folder.join("ntop__nDPI__FAX-Call-t38-CA-TDM-SIP-FB-1.pcap");
    if !magic.exists() || !fax.exists() {
        return;
    }
    let near = |value: &Value, seconds: f64| (value.as_f64().unwrap() - seconds).abs() < 0.000_002;
    let found = kpi(&magic);
    assert_eq!((&found["calls"], &found["requests"], &found["challenges"]), (&1.into(), &1.into(), &1.into()));
    assert_eq!(found["ser"], serde_json::json!({"percent": 100.0, "part": 1, "whole": 1}));
    assert!(near(&found["srd"]["max"], 166.030_223 - 159.041_032), "{found:#}");
    assert!(near(&found["sdt"]["max"], 178.844_196 - 174.768_360), "{found:#}");
    assert!(near(&found["sdd"]["max"], 178.954_983 - 178.844_196), "{found:#}");
    let found = kpi(&fax);
    assert_eq!((&found["calls"], &found["requests"], &found["challenges"]), (&2.into(), &2.into(), &0.into()));
    assert!(near(&found["pdd"]["max"], 21.189_564 - 21.020_256), "{found:#}");
    assert_eq!(found["srd_failed"]["count"], 0, "a re-INVITE is no attempt");
}

#[test]
fn nothing_is_measured_that_nobody_asked_for() {
    let sample = root().join("samples/mixed.pcap");
    let run = Command::new(env!("CARGO_BIN_EXE_sipscan")).args(["--format", "json"]).arg(&sample).output().unwrap();
    let report: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(report["summary"]["kpi"], Value::Null);
    let run = Command::new(env!("CARGO_BIN_EXE_sipscan")).args(["--format", "kpi"]).arg(&sample).output().unwrap();
    let table = String::from_utf8(run.stdout).unwrap();
    assert!(table.lines().count() > 3 && table.contains(",source,"), "-o kpi: asks for it\n{table}");
}
