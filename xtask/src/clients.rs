//! The official clients that the tests point at a gateway: installed once, each at a fixed
//! version, under `target/clients`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::packages;
use crate::say::say;
use crate::shell;
use crate::workspace;

/// Where the scripts and the lists of versions are.
const SCRIPTS: &str = "crates/gateway/tests/clients";

/// Installs what is not there yet, and answers where it is.
pub(crate) fn ensure() -> Result<PathBuf> {
    let scripts = workspace::root().join(SCRIPTS);
    let folder = workspace::target().join("clients");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let wanted = wanted(&scripts)?;
    let stamp = folder.join("installed");
    if fs::read(&stamp).ok().as_deref() != Some(&wanted[..]) {
        say("installing the clients for the tests (once)");
        install_python(&scripts, &folder.join("python"))?;
        install_node(&scripts, &folder.join("node"))?;
        fs::write(&stamp, wanted).context("cannot note what is installed")?;
    }
    copy_node_scripts(&scripts, &folder.join("node"))?;
    Ok(folder)
}

/// What is to be installed, as one text.
fn wanted(scripts: &Path) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    for name in ["requirements.txt", "package-lock.json"] {
        let file = scripts.join(name);
        all.extend(fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?);
    }
    Ok(all)
}

fn install_python(scripts: &Path, folder: &Path) -> Result<()> {
    let python = packages::ensure_program("python3", &["python3", "python3-venv"])?;
    if folder.exists() {
        fs::remove_dir_all(folder).context("cannot clear the Python clients")?;
    }
    let make = || {
        let mut venv = Command::new(&python);
        venv.args(["-m", "venv"]).arg(folder);
        shell::run(&mut venv)
    };
    if make().is_err() {
        // Debian keeps it in a package of its own.
        packages::install(&["python3-venv"])?;
        make()?;
    }
    shell::run(
        Command::new(folder.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
            ])
            .arg(scripts.join("requirements.txt")),
    )
}

fn install_node(scripts: &Path, folder: &Path) -> Result<()> {
    packages::ensure_program("node", &["nodejs", "npm"])?;
    let npm = packages::ensure_program("npm", &["npm"])?;
    fs::create_dir_all(folder).context("cannot make the folder of the Node clients")?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(scripts.join(name), folder.join(name))
            .with_context(|| format!("cannot copy {name}"))?;
    }
    shell::run(Command::new(npm).current_dir(folder).args([
        "ci",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]))
}

/// Node looks for packages beside the script, so the scripts go where the packages are.
fn copy_node_scripts(scripts: &Path, folder: &Path) -> Result<()> {
    for entry in fs::read_dir(scripts).context("cannot list the client scripts")? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "mjs")
            && let Some(name) = path.file_name()
        {
            fs::copy(&path, folder.join(name))
                .with_context(|| format!("cannot copy {}", path.display()))?;
        }
    }
    Ok(())
}
