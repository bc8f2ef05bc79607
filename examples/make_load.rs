//! Writes a generated capture: `cargo run --release --example make_load -- OUT.pcap [CALLS [CALLS_PER_SECOND [RTP_PER_CALL]]]`; `-` is
//! standard output.

use std::io::{self, BufWriter, Write as _};

#[path = "../benches/load.rs"]
mod load;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default| arguments.get(at).and_then(|a| a.parse().ok()).unwrap_or(default);
    let load = load::Load { calls: number(1, 20_000), rate: number(2, 100), rtp: number(3, 0) };
    let Some(path) = arguments.first() else {
        return Err(io::Error::other("usage: make_load OUT.pcap [CALLS [CALLS_PER_SECOND [RTP_PER_CALL]]]"));
    };
    let messages = if path == "-" {
        let mut out = BufWriter::new(io::stdout().lock());
        let messages = load.write(&mut out)?;
        out.flush()?;
        messages
    } else {
        let mut out = BufWriter::new(std::fs::File::create(path)?);
        let messages = load.write(&mut out)?;
        out.flush()?;
        messages
    };
    writeln!(io::stderr(), "{messages} SIP messages")
}
