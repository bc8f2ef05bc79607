//! Arguments that compare a run with an earlier one.

use std::path::PathBuf;

use clap::Args;

/// What is known already.
#[derive(Debug, Default, Args)]
pub struct Comparison {
    /// Leave out findings that this file has, which --write-baseline wrote: reports and --fail-on go by what is new alone, except for statuses (--fail-on 607), which are no findings. How many
    /// are left out, and which are gone, is told.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write all findings of this run to a file for later --baseline. It holds fingerprints, codes and counts, no numbers or addresses.
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    pub write_baseline: Option<PathBuf>,
}
