//! Calls from flows to outcomes.

use super::fixture::{call, calls, joined};
use super::{AttemptCause, Call, FollowLink, Outcome, OutcomeDetail};

/// Hosts of the small flows below.
const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.30\nhost b 203.0.113.40\nhost c 203.0.113.41\n\n";

fn flow(steps: &str) -> String {
    format!("{HOSTS}{steps}")
}

fn name(call: &Call) -> &'static str {
    call.outcome.name()
}

fn statuses(call: &Call) -> Vec<u16> {
    call.attempts.iter().map(|a| call.final_status(a.transaction).map_or(0, |s| s.0)).collect()
}

fn scenario(name: &str) -> String {
    let path = format!("{}/samples/scenarios/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// Keep-alives in a scenario only show that the capture goes on.
fn counts(call: &Call) -> bool {
    call.messages.iter().all(|m| m.message.method() != Some(&crate::sip::Method::Options))
}

#[test]
fn scenarios_end_as_they_should() {
    for (file, expected) in [
        ("s01", &["answered", "busy"][..]),
        ("s03", &["redirected-unfollowed"]),
        ("s04", &["no-response"]),
        ("s05", &["answered", "rejected", "answered"]),
        ("s06a", &["answered"]),
        ("s06b", &["answered"]),
        ("s06c", &["answered"]),
        ("s08", &["unwanted-by-callee"]),
        ("s09", &["blocked-by-network"; 30]),
        ("s10", &["unwanted-by-callee", "declined", "unwanted-by-callee"]),
        ("s11a", &["blocked-by-network"]),
        ("s11b", &["blocked-by-network"]),
        ("s11c", &["declined"]),
        ("s11d", &["blocked-by-network"]),
        ("s11e", &["blocked-by-network"]),
        ("s11f", &["declined"]),
    ] {
        let outcomes: Vec<_> = calls(&scenario(file)).iter().filter(|c| counts(c)).map(name).collect();
        assert_eq!(outcomes, expected, "{file}");
    }
    for (file, expected) in
        [("s02", "rejected"), ("s07a", "identity-rejected"), ("s07b", "answered"), ("s07c", "answered")]
    {
        assert_eq!(name(&call(&scenario(file))), expected, "{file}");
    }
    let noise = calls(&scenario("s12"));
    let invites: Vec<_> = noise.iter().filter(|c| c.is_invite()).map(name).collect();
    assert_eq!(invites, ["answered"]);
}
