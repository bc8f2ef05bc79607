//! What shells and manuals know of the command line, made from its definition.

use std::io;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::error::Error;

/// The command line as pages describe it: `sipscan help` has no page.
fn command() -> clap::Command {
    Cli::command().disable_help_subcommand(true)
}

/// The completions of a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sipscan", &mut text);
    text
}

/// The manual page of sipscan itself, in roff.
///
/// # Errors
/// [`Error::Write`], which writing to memory does not give.
pub fn manual() -> Result<Vec<u8>, Error> {
    let mut page = Vec::new();
    let written = clap_mangen::Man::new(command()).render(&mut page);
    written.map_err(|source| Error::Write { path: "sipscan.1".into(), source })?;
    Ok(page)
}

/// Writes the manual pages of sipscan and its commands into a folder: `sipscan.1`, `sipscan-explain.1` and so on.
///
/// # Errors
/// [`Error::Write`] when the folder or a page cannot be written.
pub fn manuals(folder: &Path) -> Result<(), Error> {
    let write = || -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        clap_mangen::generate_to(command(), folder)
    };
    write().map_err(|source| Error::Write { path: folder.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_completes_options_and_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
            let text = String::from_utf8(completions(shell)).unwrap();
            for word in ["fail-on", "explain", "passport"] {
                assert!(text.contains(word), "{shell}: {word}");
            }
        }
    }

    #[test]
    fn there_is_a_page_for_each_command_and_each_option_on_its_page() {
        let folder = tempfile::tempdir().unwrap();
        let pages = folder.path().join("man1");
        manuals(&pages).unwrap();
        let read = |name: &str| std::fs::read_to_string(pages.join(name)).unwrap();
        let first = read("sipscan.1");
        assert!(String::from_utf8(manual().unwrap()).unwrap().starts_with(first.split(".SH OPTIONS").next().unwrap()));
        for option in Cli::command().get_arguments().filter_map(|argument| argument.get_long()) {
            let option = format!("\\-\\-{}", option.replace('-', "\\-"));
            assert!(first.contains(&option), "{option}");
        }
        assert!(!first.contains("sipscan\\-help"));
        for command in Cli::command().get_subcommands() {
            let name = command.get_name();
            assert!(read(&format!("sipscan-{name}.1")).contains(".SH DESCRIPTION"), "{name}");
        }
    }
}
