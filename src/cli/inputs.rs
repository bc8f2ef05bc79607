//! Which captures are read: alike for reports and for commands that select calls.

use std::path::PathBuf;

use clap::Args;

/// The captures of a run.
#[derive(Debug, Default, Args)]
pub struct Inputs {
    /// Captures (pcap, pcapng; plain, gzip, zstd, lz4, xz), directories of them, or - for standard input.
    #[arg(value_name = "CAPTURE")]
    pub inputs: Vec<PathBuf>,
    /// A capture to read, as tcpdump and sngrep spell it; may be repeated.
    #[arg(short = 'r', short_alias = 'I', long = "read", value_name = "CAPTURE")]
    pub read: Vec<PathBuf>,
    /// How several are read.
    #[command(flatten)]
    pub joining: Joining,
}

impl Inputs {
    /// All of them, those without an option first.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.inputs.iter().chain(&self.read).cloned().collect()
    }
}

/// How several captures are read.
#[derive(Debug, Default, Clone, Copy, Args)]
pub struct Joining {
    /// Read all captures as one, in time order: for captures that were split into several files.
    #[arg(long)]
    pub merge: bool,
}
