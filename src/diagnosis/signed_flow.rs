//! Flows with `PASSporTs` for tests of the rules about identity.

use crate::stir::passport::tests::{V1, V2, V3, V4, V5, V6, V7, V8, V9, V11};

/// A call from +12125550101 to +12155550113 with these tokens, answered with `response`.
pub(crate) fn flow(names: &[&str], response: &str) -> String {
    let identities: String = names.iter().map(|name| identity(name)).collect();
    format!(
        "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:+12155550113@198.51.100.50\n\
         From: <sip:+12125550101@192.0.2.10>\nDate: Mon, 30 Mar 2026 14:00:00 GMT\n{identities}\n\
         0.1 p > a tag=t\n{response}\n\n0.2 a > p\nACK\n"
    )
}

fn identity(name: &str) -> String {
    let tokens = [
        ("V1", V1),
        ("V2", V2),
        ("V3", V3),
        ("V4", V4),
        ("V5", V5),
        ("V6", V6),
        ("V7", V7),
        ("V8", V8),
        ("V9", V9),
        ("V11", V11),
    ];
    let (_, token) = tokens.iter().find(|(known, _)| *known == name).unwrap();
    let (info, ppt) = match name {
        "V9" => ("https://cert.fwd.example/div.pem", "div"),
        _ => ("https://cert.orig.example/shaken.pem", "shaken"),
    };
    format!("Identity: {token};info=<{info}>;alg=ES256;ppt=\"{ppt}\"\n")
}
