//! Arguments of `sipscan extract`.

use std::path::PathBuf;

use clap::Args;

use super::{Basis, Inputs, Selection};

const HELP: &str = "\
What is written:
  - every frame of the messages of these calls: fragments, retransmissions, copies seen by several taps, segments of TCP with
    what was sent again of them, ICMP errors about them, and whatever a finding cites
  - of TCP connections also how they begin and end, so that Wireshark can put streams together
  - with --media their RTP and RTCP, told by the session descriptions
Frames stay as they are, tunnels around them too, with their times and interfaces. Frames that findings cite get a comment with
the finding, which Wireshark shows at the frame and finds with the filter `frame.comment`.

Exit codes:
  0  written
  2  sipscan failed, wholly or in part; no call was selected

Examples:
  sipscan extract trace.pcap --call 13 -o call13.pcapng
  sipscan extract trace.pcap --where 'finding == redirect-loop' --media -o loops.pcapng
  sipscan extract monday/ --merge --from +12125550101 --since '2026-03-30 14:00' --tz Europe/Berlin -o - | tshark -r -";

const INPUTS: &str = "Captures (pcap, pcapng; plain, gzip, zstd, lz4, xz), or directories of them. They are read twice, so standard input cannot be one";

/// Which calls to cut out of captures, and where to.
#[derive(Debug, Args)]
#[command(after_help = HELP, mut_arg("inputs", |captures| captures.help(INPUTS).required_unless_present("read")))]
pub struct Extract {
    /// What is read.
    #[command(flatten)]
    pub inputs: Inputs,
    /// The file to write, always as pcapng; - is standard output.
    #[arg(short = 'o', long = "output", value_name = "PATH")]
    pub output: PathBuf,
    /// Which calls; without any of these, all of them.
    #[command(flatten)]
    pub selection: Selection,
    /// The media streams of the calls as well, RTP and RTCP.
    #[arg(long)]
    pub media: bool,
    /// Time zone of --since and --until, an IANA name such as Europe/Berlin.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub tz: String,
    /// What the analysis goes by.
    #[command(flatten)]
    pub basis: Basis,
}
