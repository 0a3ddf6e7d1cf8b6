//! `install`: has this machine start the relay by itself. Writes two files and starts nothing: the commands that do
//! are printed for the person to give.

use std::{
    env, fs,
    path::{Path, PathBuf, absolute},
};

use crate::{
    cli::{
        args::Install,
        failure::Failure,
        output::{say, tell},
    },
    config::Config,
    folder::Folder,
    words::Words,
};

/// The unit, with its holes.
const UNIT: &str = include_str!("unit.service.txt");
/// A loop for a machine without systemd, with its holes.
const PLAIN: &str = include_str!("plain.sh.txt");
/// Its own user, as systemd-sysusers reads it.
const USER: &str = "u suishou - \"Suishou relay\" /var/lib/suishou\n";
const UNIT_PATH: &str = "etc/systemd/system/suishou.service";
const USER_PATH: &str = "etc/sysusers.d/suishou.conf";

/// `install`
pub(in crate::cli) fn install(
    folder: &Path,
    install: &Install,
    words: &'static Words,
) -> Result<(), Failure> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error: std::io::Error| Failure::File { path: path.clone(), kind: error.kind() }
    };
    let folder = absolute(folder).map_err(failed(folder))?;
    let program = env::current_exe().map_err(failed(Path::new("suishou")))?;
    let unsafe_name = |path: &Path| path.to_string_lossy().contains(['"', '\'', '\\', '$', '%', ' ', '\n']);
    if let Some(path) = [&folder, &program].into_iter().find(|path| unsafe_name(path)) {
        return Err(Failure::File { path: path.clone(), kind: std::io::ErrorKind::InvalidFilename });
    }
    let fill = |text: &str| {
        text.replace("{program}", &program.display().to_string())
            .replace("{folder}", &folder.display().to_string())
    };
    if install.plain {
        return say(fill(PLAIN).trim_end());
    }
    let config = Config::load(&Folder::new(&folder))?;
    let mut writable = vec![folder.display().to_string()];
    // With a dash: a disk that is not plugged in must not keep the relay from starting.
    writable.extend(config.backup.to.map(|to| format!("-{}", to.display())));
    let home = if folder.starts_with("/home") || folder.starts_with("/root") { "no" } else { "yes" };
    let unit = fill(UNIT).replace("{writable}", &writable.join(" ")).replace("{home}", home);
    if install.print {
        return say(&format!("# /{UNIT_PATH}\n{unit}\n# /{USER_PATH}\n{}", USER.trim_end()));
    }
    let root = install.root.clone().unwrap_or_else(|| PathBuf::from("/"));
    for (path, content) in [(UNIT_PATH, unit.as_str()), (USER_PATH, USER)] {
        let path = root.join(path);
        let parent = path.parent().unwrap_or(&root);
        fs::create_dir_all(parent).map_err(failed(parent))?;
        fs::write(&path, content).map_err(failed(&path))?;
        tell(words, "install.wrote", &[("path", &path.display())])?;
    }
    tell(
        words,
        "install.next",
        &[
            ("folder", &folder.display()),
            ("unit", &root.join(UNIT_PATH).display()),
            ("user", &root.join(USER_PATH).display()),
        ],
    )
}
