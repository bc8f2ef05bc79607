//! Writes a generated capture: `cargo run --release --example make_load -- OUT.pcap [NAME=NUMBER…]`; `-` is standard output.
//!
//! Names are calls, rate (calls a second), rtp (packets a call), seed, proxies (0 to 3), and, in thousandths, redirected, unwanted,
//! busy, retransmitted, registrations; `tcp=1` has the same messages over TCP; `flood=invites`, `call-id`, `registrations` or `fragments` writes nothing but those;
//! `flood=long-names` and `long-redirects` calls whose names fill the messages.

use std::io::{self, BufWriter, Write};

#[path = "../benches/load/mod.rs"]
mod load;

use load::{Flood, Load};

const USAGE: &str = "usage: make_load OUT.pcap [calls=N] [rate=N] [rtp=N] [seed=N] [proxies=N] [redirected=N] [unwanted=N] \
    [busy=N] [retransmitted=N] [registrations=N] [tcp=1] [flood=invites|call-id|registrations|fragments|long-names|long-redirects]";

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    // Neither `--help` nor an option that does not exist is the name of a file.
    let Some(path) = arguments.next().filter(|path| path == "-" || !path.starts_with('-')) else {
        return Err(io::Error::other(USAGE));
    };
    let mut load = Load::default();
    for argument in arguments {
        set(&mut load, &argument).ok_or_else(|| io::Error::other(format!("{argument}\n{USAGE}")))?;
    }
    let out: Box<dyn Write> =
        if path == "-" { Box::new(io::stdout().lock()) } else { Box::new(std::fs::File::create(path)?) };
    let mut out = BufWriter::with_capacity(1 << 18, out);
    let messages = load.write(&mut out)?;
    out.flush()?;
    writeln!(io::stderr(), "{messages} SIP messages")
}

fn set(load: &mut Load, argument: &str) -> Option<()> {
    let (name, value) = argument.split_once('=')?;
    if name == "flood" {
        load.flood = Some(match value {
            "invites" => Flood::Invites,
            "call-id" => Flood::CallId,
            "registrations" => Flood::Registrations,
            "fragments" => Flood::Fragments,
            "long-names" => Flood::LongNames,
            "long-redirects" => Flood::LongRedirects,
            _ => return None,
        });
        return Some(());
    }
    let number = value.parse().ok()?;
    match name {
        "calls" => load.calls = number,
        "rate" => load.rate = number,
        "rtp" => load.rtp = number,
        "seed" => load.seed = number,
        "proxies" => load.proxies = usize::try_from(number.min(3)).ok()?,
        "redirected" => load.redirected = number,
        "unwanted" => load.unwanted = number,
        "busy" => load.busy = number,
        "retransmitted" => load.retransmitted = number,
        "registrations" => load.registrations = number,
        "tcp" => load.tcp = number > 0,
        _ => return None,
    }
    Some(())
}
