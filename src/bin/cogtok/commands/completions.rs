//! `cogtok completions`: the script by which a shell completes cogtok's commands, profiles and values.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use cogtok::error::{Advice, Error, Result};
use cogtok::store::file;

use crate::io::{shell, terminal};
use crate::{completion, env};

/// Print or install a script for TAB completion in your shell
///
/// The script asks `cogtok` itself at each TAB, so it completes profiles as well and need not be made again for a newer
/// version.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok completions bash --install\n  \
    eval \"$(cogtok completions bash)\"\n  \
    cogtok completions fish | source")]
pub struct Completions {
    /// The shell; with --install, that of SHELL where none is named
    #[arg(value_enum, required_unless_present = "install")]
    shell: Option<Shell>,
    /// Put the script where the shell looks for it (bash, zsh, fish)
    #[arg(long)]
    install: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
    Elvish,
}

impl Shell {
    const fn as_str(self) -> &'static str {
        match self {
            Shell::Bash => "bash",
            Shell::Zsh => "zsh",
            Shell::Fish => "fish",
            Shell::Powershell => "powershell",
            Shell::Elvish => "elvish",
        }
    }

    /// The folder where the shell looks for this user's scripts, and what else it may need.
    fn place(self) -> Result<(PathBuf, String)> {
        let home = || env::var("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        let base = |variable: &str, otherwise: &str| {
            let named = env::var(variable).map(PathBuf::from).filter(|dir| dir.is_absolute());
            named.or_else(|| Some(home()?.join(otherwise)))
        };
        let found = match self {
            Shell::Bash => base("XDG_DATA_HOME", ".local/share").map(|dir| {
                let next = "open a new shell; it needs the package bash-completion";
                (dir.join("bash-completion/completions/cogtok"), next.to_owned())
            }),
            Shell::Zsh => base("XDG_DATA_HOME", ".local/share").map(|dir| {
                let dir = dir.join("zsh/site-functions");
                let quoted = shell::quoted(&dir.display().to_string());
                (dir.join("_cogtok"), format!("in ~/.zshrc: fpath+=({quoted}); autoload -U compinit; compinit"))
            }),
            Shell::Fish => base("XDG_CONFIG_HOME", ".config")
                .map(|dir| (dir.join("fish/completions/cogtok.fish"), "open a new shell".to_owned())),
            Shell::Powershell => {
                return Err(Error::usage("PowerShell has no place for completion scripts")
                    .hint("add to $PROFILE: cogtok completions powershell | Out-String | Invoke-Expression"));
            }
            Shell::Elvish => {
                return Err(Error::usage("Elvish has no place for completion scripts")
                    .hint("add to rc.elv: eval (cogtok completions elvish | slurp)"));
            }
        };
        found.ok_or_else(|| Error::store("there is no home directory to install to").hint("set HOME"))
    }
}

/// The shell that people sign in with here.
fn own_shell() -> Result<Shell> {
    let path = env::var("SHELL").map(PathBuf::from);
    let name = path.as_deref().and_then(|path| path.file_name()?.to_str());
    name.and_then(|name| Shell::from_str(name, false).ok()).ok_or_else(|| {
        Error::usage("SHELL names no shell that cogtok has a script for")
            .hint("name it: cogtok completions bash --install")
    })
}

pub fn run(args: &Completions) -> Result<()> {
    let shell = args.shell.map_or_else(own_shell, Ok)?;
    let script = completion::script(shell.as_str())
        .ok_or_else(|| Error::usage(format!("there is no completion script for {}", shell.as_str())))?;
    if !args.install {
        return terminal::data(&script).map(drop);
    }
    let (path, next) = shell.place()?;
    file::replace(&path, script.as_bytes()).map_err(|error| {
        let way = Advice::new("to put it elsewhere, redirect what `cogtok completions {shell}` prints")
            .text("shell", shell.as_str());
        Error::store(format!("{} can't be written: {error}", path.display())).hint(way)
    })?;
    terminal::note(&format!("the script is in {}", path.display()));
    terminal::hint(next);
    Ok(())
}
