//! The clients, the storage emulator and the browser, at pinned versions, installed once.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Clients, Places, say};
use crate::programs::{on_path_or_debian, output, required};
use crate::{Problem, Result};

/// Programs that the suites need.
pub(super) struct Tools {
    pub(super) clients: Clients,
    /// Java of this machine.
    pub(super) java: PathBuf,
    /// The compiled Java programs, and the Java client with what it needs.
    pub(super) class_path: OsString,
    /// A Chromium for the page.
    pub(super) chromium: PathBuf,
}

impl Tools {
    /// Installs what is missing. A second call with unchanged requirements does nothing.
    pub(super) fn install(places: &Places) -> Result<Self> {
        const CHROMIUM: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
        Ok(Self {
            clients: Clients::install(places)?,
            java: required("java", "a JDK, version 17 or newer")?,
            class_path: java(places)?,
            chromium: on_path_or_debian(&CHROMIUM, "chromium")?,
        })
    }
}

impl Clients {
    /// Installs what is missing.
    pub(super) fn install(places: &Places) -> Result<Self> {
        fs::create_dir_all(&places.installed).map_err(Problem::of(&places.installed))?;
        Ok(Self {
            python: python(
                &places.installed.join("python"),
                &places.scripts.join("requirements.txt"),
            )?,
            node: required("node", "Node.js, version 20 or newer")?,
            node_modules: javascript(places)?,
        })
    }
}

/// A virtual environment with the packages of a requirements file. Returns its interpreter.
pub(crate) fn python(home: &Path, requirements: &Path) -> Result<PathBuf> {
    let interpreter = home.join("bin/python");
    if Stamp::new(home, &[requirements])?.is_current() {
        return Ok(interpreter);
    }
    say("Installing Python packages ...");
    clear(home)?;
    let mut venv = Command::new(required("python3", "Python 3")?);
    output(venv.args(["-m", "venv"]).arg(home))?;
    let mut pip = Command::new(&interpreter);
    pip.args(["-m", "pip", "install", "--no-input", "--no-deps"])
        .args(["--disable-pip-version-check", "--requirement"])
        .arg(requirements);
    output(&mut pip)?;
    Stamp::new(home, &[requirements])?.write()?;
    Ok(interpreter)
}

fn javascript(places: &Places) -> Result<PathBuf> {
    let wanted = [
        places.scripts.join("package.json"),
        places.scripts.join("package-lock.json"),
    ];
    let home = places.installed.join("javascript");
    let modules = home.join("node_modules");
    let sources: Vec<&Path> = wanted.iter().map(PathBuf::as_path).collect();
    if Stamp::new(&home, &sources)?.is_current() {
        return Ok(modules);
    }
    say("Installing the JavaScript client, the storage emulator and the browser driver ...");
    clear(&home)?;
    fs::create_dir_all(&home).map_err(Problem::of(&home))?;
    for file in &wanted {
        let name = file.file_name().unwrap_or_default();
        fs::copy(file, home.join(name)).map_err(Problem::of(&file))?;
    }
    let mut command = Command::new(required("npm", "npm")?);
    command
        .args([
            "ci",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--loglevel=error",
        ])
        .current_dir(&home);
    output(&mut command)?;
    Stamp::new(&home, &sources)?.write()?;
    Ok(modules)
}

/// Fetches the Java client, compiles the programs that use it, and returns the class path of both.
fn java(places: &Places) -> Result<OsString> {
    let scripts = places.scripts.join("java");
    let wanted = scripts.join("pom.xml");
    let home = places.installed.join("java");
    let (libraries, classes) = (home.join("libraries"), home.join("classes"));
    if !Stamp::new(&home, &[&wanted])?.is_current() {
        say("Installing the Java client ...");
        clear(&home)?;
        let mut maven = Command::new(required("mvn", "Maven")?);
        maven
            .args(["--batch-mode", "--quiet", "-Dstyle.color=never"])
            .arg("dependency:copy-dependencies")
            .arg("-DincludeScope=runtime")
            .arg(prefixed("-DoutputDirectory=", &libraries))
            .arg(prefixed("-Dmaven.repo.local=", &home.join("repository")))
            .arg("--file")
            .arg(&wanted);
        output(&mut maven)?;
        Stamp::new(&home, &[&wanted])?.write()?;
    }
    let libraries = libraries.join("*");
    clear(&classes)?;
    let mut compiler = Command::new(required("javac", "a JDK, version 17 or newer")?);
    compiler.arg("-cp").arg(&libraries).arg("-d").arg(&classes);
    for program in ["Hub", "Container", "Devices", "Jobs"] {
        compiler.arg(scripts.join(program).with_extension("java"));
    }
    output(&mut compiler)?;
    std::env::join_paths([classes, libraries])
        .map_err(|error| Problem::new(format!("the class path: {error}")))
}

fn prefixed(option: &str, path: &Path) -> OsString {
    let mut text = OsString::from(option);
    text.push(path);
    text
}

/// Remembers from which requirement files a folder was installed; written last, so a broken install is done again.
struct Stamp {
    file: PathBuf,
    content: String,
}

impl Stamp {
    fn new(home: &Path, sources: &[&Path]) -> Result<Self> {
        let mut content = String::new();
        for source in sources {
            content += &fs::read_to_string(source).map_err(Problem::of(&source))?;
        }
        Ok(Self {
            file: home.join(".installed-from"),
            content,
        })
    }

    fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|text| text == self.content)
    }

    fn write(&self) -> Result<()> {
        fs::write(&self.file, &self.content).map_err(Problem::of(&self.file))
    }
}

fn clear(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(Problem::new(format!("{}: {cause}", folder.display())))
        }
        _ => Ok(()),
    }
}
