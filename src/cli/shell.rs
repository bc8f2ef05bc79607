//! The arguments of `sipscan man` and `sipscan completions`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Which manual pages, and where to.
#[derive(Debug, Args)]
pub struct Man {
    /// Write the pages of sipscan and of all its commands into this folder, which is made if need be, in place of the first one to
    /// standard output.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Whose completions.
#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_HELP)]
pub struct Completions {
    /// The shell that is to complete.
    pub shell: Shell,
}

const COMPLETIONS_HELP: &str = "\
Examples:
  sipscan completions bash > ~/.local/share/bash-completion/completions/sipscan
  sipscan completions zsh > ~/.zfunc/_sipscan
  sipscan completions fish > ~/.config/fish/completions/sipscan.fish";
