//! Arguments of `sipscan config`.

use std::path::PathBuf;

use clap::Args;

/// Which configuration to show.
#[derive(Debug, Args)]
pub struct ConfigCommand {
    /// Print it; the only thing there is to do.
    #[arg(long)]
    pub print: bool,
    /// The file, in place of the nearest sipscan.toml upwards from the working directory.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Show the defaults alone.
    #[arg(long, conflicts_with = "config")]
    pub no_config: bool,
}
