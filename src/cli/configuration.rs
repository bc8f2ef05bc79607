//! Arguments of `sipscan config`.

use clap::Args;

use super::ProjectFile;

/// Which configuration to show.
#[derive(Debug, Args)]
pub struct ConfigCommand {
    /// Print it, which is what happens without this as well.
    #[arg(long)]
    pub print: bool,
    /// The file to show.
    #[command(flatten)]
    pub file: ProjectFile,
}
