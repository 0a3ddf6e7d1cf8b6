//! What a recorded process did, as changes of files and names below one folder.

use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use super::strace::Call;

/// A file or a folder, whatever its name is at the moment.
pub(super) type Node = usize;
/// The recorded folder.
pub(super) const ROOT: Node = 0;

/// Something that the process did, or said.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// A name for a file or folder that had none of that name.
    Enters { folder: Node, name: Arc<str>, node: Node },
    /// A name goes.
    Leaves { folder: Node, name: Arc<str> },
    /// A file or folder gets another name, in place of what had it.
    Moves { from: (Node, Arc<str>), to: (Node, Arc<str>), node: Node },
    /// Bytes.
    Writes { node: Node, at: u64, bytes: Arc<[u8]> },
    /// A file gets this length.
    Resizes { node: Node, length: u64 },
    /// What was done to it before is asked to be made durable …
    SyncBegins { node: Node },
    /// … and is.
    SyncEnds { node: Node },
    /// A line on its output.
    Says(String),
}

/// One of them, and what to tell people of it.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) what: What,
    pub(super) text: String,
}

/// A file or folder of the recorded folder.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// Its content before the recording; empty if it was made in it.
    File(Vec<u8>),
    /// Its names before the recording.
    Folder(BTreeMap<Arc<str>, Node>),
}

/// All that is known of a recording.
#[derive(Clone, Debug, Default)]
pub(super) struct Recording {
    /// Files and folders by number, as they were before.
    pub(super) before: Vec<Item>,
    /// In order.
    pub(super) events: Vec<Event>,
    /// The names at its end.
    pub(super) names: Vec<BTreeMap<Arc<str>, Node>>,
    /// It said that nothing more is to be recorded.
    pub(super) is_over: bool,
}

/// An open file: which, where reading and writing go on, and whether every write goes to its end.
#[derive(Clone, Copy)]
struct Opened {
    node: Node,
    at: u64,
    is_appending: bool,
}

/// Reads calls.
struct Reader<'a> {
    recording: Recording,
    root: &'a Path,
    files: BTreeMap<i64, Opened>,
    lengths: Vec<u64>,
    line: String,
}

impl Recording {
    /// A folder as it stands before anything is recorded: all of it is durable.
    pub(super) fn of(root: &Path) -> Result<Self, String> {
        let mut recording = Self::default();
        recording.take_in(root)?;
        Ok(recording)
    }

    fn take_in(&mut self, path: &Path) -> Result<Node, String> {
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        let node = self.before.len();
        self.names.push(BTreeMap::new());
        if path.is_dir() {
            self.before.push(Item::Folder(BTreeMap::new()));
            let mut names = BTreeMap::new();
            let mut items: Vec<_> = std::fs::read_dir(path).map_err(failed)?.flatten().collect();
            items.sort_by_key(std::fs::DirEntry::file_name);
            for item in items {
                let name: Arc<str> = item.file_name().to_string_lossy().into();
                names.insert(name, self.take_in(&item.path())?);
            }
            if let Some(own) = self.names.get_mut(node) {
                own.clone_from(&names);
            }
            if let Some(own) = self.before.get_mut(node) {
                *own = Item::Folder(names);
            }
        } else {
            self.before.push(Item::File(std::fs::read(path).map_err(failed)?));
        }
        Ok(node)
    }

    /// Adds what one more process did in the same folder.
    pub(super) fn add(self, root: &Path, calls: &[Call]) -> Result<Self, String> {
        let lengths = vec![0; self.before.len()];
        let recording = Self { is_over: false, ..self };
        let mut reader = Reader { recording, root, files: BTreeMap::new(), lengths, line: String::new() };
        reader.measure();
        // What a call does counts from its end, what it asks for or says from its beginning.
        let mut moments: Vec<(usize, bool, &Call)> = Vec::new();
        for call in calls {
            let begins = matches!(call.name.as_str(), "close" | "fsync" | "fdatasync");
            let says = call.name == "write" && call.file(0) == 1;
            if begins || says {
                moments.push((call.begin, true, call));
            }
            if call.name != "close" && !says {
                moments.push((call.end, false, call));
            }
        }
        moments.sort_by_key(|(line, is_begin, _)| (*line, !*is_begin));
        for (line, is_begin, call) in moments {
            reader.take(call, is_begin).map_err(|error| format!("line {line}, {}: {error}", call.name))?;
        }
        Ok(reader.recording)
    }

    /// What has a path at the end of the recording.
    pub(super) fn find(&self, path: &Path) -> Option<Node> {
        path.components().try_fold(ROOT, |folder, part| {
            let Component::Normal(name) = part else { return Some(folder) };
            self.names.get(folder)?.get(name.to_string_lossy().as_ref()).copied()
        })
    }

    /// What the process said, with the place of each line among the events.
    pub(super) fn said(&self) -> impl Iterator<Item = (usize, &str)> {
        self.events.iter().enumerate().filter_map(|(place, event)| match &event.what {
            What::Says(line) => Some((place, line.as_str())),
            _ => None,
        })
    }
}

impl Reader<'_> {
    /// How long files are after all that is recorded so far.
    fn measure(&mut self) {
        for (length, item) in self.lengths.iter_mut().zip(&self.recording.before) {
            if let Item::File(bytes) = item {
                *length = bytes.len() as u64;
            }
        }
        let events: Vec<What> = self.recording.events.iter().map(|event| event.what.clone()).collect();
        for what in &events {
            self.grow(what);
        }
    }

    fn grow(&mut self, what: &What) {
        match what {
            What::Writes { node, at, bytes } => {
                if let Some(length) = self.lengths.get_mut(*node) {
                    *length = (*length).max(at + bytes.len() as u64);
                }
            }
            What::Resizes { node, length } => {
                if let Some(old) = self.lengths.get_mut(*node) {
                    *old = *length;
                }
            }
            _ => {}
        }
    }

    /// The recorded folder's own part of a path; none for what lies elsewhere.
    fn inside(&self, path: &Path) -> Option<PathBuf> {
        path.strip_prefix(self.root).ok().map(Path::to_owned)
    }

    /// The folder that a path's last name is in.
    fn place(&self, path: &Path) -> Result<Option<(Node, Arc<str>)>, String> {
        let Some(inside) = self.inside(path) else { return Ok(None) };
        let Some(name) = inside.file_name() else { return Ok(None) };
        let above = inside.parent().unwrap_or(Path::new(""));
        let folder = self.recording.find(above).ok_or_else(|| format!("{} is not known", above.display()))?;
        Ok(Some((folder, name.to_string_lossy().into())))
    }

    fn event(&mut self, what: What) {
        self.grow(&what);
        let names = &mut self.recording.names;
        let mut set = |folder: Node, name: &Arc<str>, node: Option<Node>| {
            if let Some(folder) = names.get_mut(folder) {
                match node {
                    Some(node) => drop(folder.insert(Arc::clone(name), node)),
                    None => drop(folder.remove(name)),
                }
            }
        };
        match &what {
            What::Enters { folder, name, node } => set(*folder, name, Some(*node)),
            What::Leaves { folder, name } => set(*folder, name, None),
            What::Moves { from, to, node } => {
                set(from.0, &from.1, None);
                set(to.0, &to.1, Some(*node));
            }
            _ => {}
        }
        let text = self.line.clone();
        self.recording.events.push(Event { what, text });
    }

    fn new_node(&mut self, item: Item) -> Node {
        self.recording.before.push(item);
        self.recording.names.push(BTreeMap::new());
        self.lengths.push(0);
        self.recording.before.len() - 1
    }

    fn take(&mut self, call: &Call, is_begin: bool) -> Result<(), String> {
        if self.recording.is_over {
            return Ok(());
        }
        self.line = self.describe(call);
        match call.name.as_str() {
            "open" | "creat" => return Err("no path is opened in this way".to_owned()),
            "openat" => self.open(call)?,
            "close" => drop(self.files.remove(&call.file(0))),
            "lseek" => {
                let at = call.result.unsigned_abs();
                self.files.entry(call.file(0)).and_modify(|file| file.at = at);
            }
            "write" | "writev" => self.write(call, None)?,
            "pwrite64" => self.write(call, Some(call.number(3)))?,
            "ftruncate" => {
                if let Some(file) = self.opened(call, 0)? {
                    self.event(What::Resizes { node: file.node, length: call.number(1) });
                }
            }
            "fsync" | "fdatasync" => {
                if let Some(Opened { node, .. }) = self.opened(call, 0)? {
                    self.event(if is_begin { What::SyncBegins { node } } else { What::SyncEnds { node } });
                }
            }
            "mkdir" => self.make_folder(&call.path(None, 0))?,
            "mkdirat" => self.make_folder(&call.path(Some(0), 1))?,
            "unlink" | "rmdir" => self.leave(&call.path(None, 0))?,
            "unlinkat" => self.leave(&call.path(Some(0), 1))?,
            "rename" => self.rename(&call.path(None, 0), &call.path(None, 1))?,
            "renameat" | "renameat2" => self.rename(&call.path(Some(0), 1), &call.path(Some(2), 3))?,
            "mmap" => self.refuse_mapped(call)?,
            // A hint, of which nothing becomes durable.
            "sync_file_range" => {}
            _ => self.refuse_unknown(call)?,
        }
        Ok(())
    }

    /// What people are told of a call: paths as they are, bytes by their number.
    fn describe(&self, call: &Call) -> String {
        let shown = call.arguments.iter().enumerate().map(|(which, argument)| {
            let is_file = argument.contains('<') && !argument.contains('"');
            let shorten = |path: PathBuf| self.inside(&path).unwrap_or(path).display().to_string();
            if is_file {
                format!("{}<{}>", call.file(which), shorten(call.path_of_file(which)))
            } else if argument.contains('"') {
                let bytes = call.bytes(which);
                let is_path = matches!(bytes.first(), Some(b'/')) && bytes.len() < 4_096;
                match std::str::from_utf8(&bytes) {
                    Ok(text) if is_path || call.file(0) == 1 => shorten(PathBuf::from(text.trim_end())),
                    _ => format!("[{} bytes]", bytes.len()),
                }
            } else {
                argument.clone()
            }
        });
        format!("{}({})", call.name, shown.collect::<Vec<_>>().join(", "))
    }

    /// The open file in an argument, if it lies in the recorded folder.
    fn opened(&self, call: &Call, which: usize) -> Result<Option<Opened>, String> {
        let found = self.files.get(&call.file(which)).copied();
        let path = call.path_of_file(which);
        match (found, self.inside(&path)) {
            (None, Some(inside)) => {
                Err(format!("{} was opened in a way that is not known", inside.display()))
            }
            (found, _) => Ok(found),
        }
    }

    fn open(&mut self, call: &Call) -> Result<(), String> {
        let path = call.path(Some(0), 1);
        let flags: Vec<&str> = call.argument(2).split('|').collect();
        let Some(inside) = self.inside(&path) else { return Ok(()) };
        let node = if let Some(node) = self.recording.find(&inside) {
            node
        } else {
            let (folder, name) = self.place(&path)?.ok_or("a file without a name")?;
            let node = self.new_node(Item::File(Vec::new()));
            self.event(What::Enters { folder, name, node });
            node
        };
        if flags.contains(&"O_TRUNC") && self.lengths.get(node) != Some(&0) {
            self.event(What::Resizes { node, length: 0 });
        }
        let is_appending = flags.contains(&"O_APPEND");
        self.files.insert(call.result, Opened { node, at: 0, is_appending });
        Ok(())
    }

    fn write(&mut self, call: &Call, at: Option<u64>) -> Result<(), String> {
        let mut bytes = call.bytes(1);
        if call.file(0) == 1 {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            for line in text.lines() {
                self.event(What::Says(line.to_owned()));
                self.recording.is_over |= line == "over";
            }
            return Ok(());
        }
        let Some(mut file) = self.opened(call, 0)? else { return Ok(()) };
        bytes.truncate(usize::try_from(call.result).unwrap_or(0));
        let end = self.lengths.get(file.node).copied().unwrap_or(0);
        let from = at.unwrap_or(if file.is_appending { end } else { file.at });
        if at.is_none() {
            file.at = from + bytes.len() as u64;
            self.files.insert(call.file(0), file);
        }
        self.event(What::Writes { node: file.node, at: from, bytes: bytes.into() });
        Ok(())
    }

    fn make_folder(&mut self, path: &Path) -> Result<(), String> {
        let Some((folder, name)) = self.place(path)? else { return Ok(()) };
        let node = self.new_node(Item::Folder(BTreeMap::new()));
        self.event(What::Enters { folder, name, node });
        Ok(())
    }

    fn leave(&mut self, path: &Path) -> Result<(), String> {
        if let Some((folder, name)) = self.place(path)? {
            self.event(What::Leaves { folder, name });
        }
        Ok(())
    }

    fn rename(&mut self, from: &Path, to: &Path) -> Result<(), String> {
        match (self.place(from)?, self.place(to)?) {
            (Some(from), Some(to)) => {
                let inside = self.recording.names.get(from.0).and_then(|names| names.get(&from.1)).copied();
                let node = inside.ok_or("what is renamed is not known")?;
                self.event(What::Moves { from, to, node });
                Ok(())
            }
            (None, None) => Ok(()),
            _ => Err("a rename into or out of the recorded folder".to_owned()),
        }
    }

    /// A file that is written by its mapping changes unseen. SQLite maps its `-shm` file, which it makes anew after a
    /// power cut, whatever is in it.
    fn refuse_mapped(&self, call: &Call) -> Result<(), String> {
        let is_written = call.argument(2).contains("PROT_WRITE") && call.argument(3).contains("MAP_SHARED");
        let path = call.path_of_file(4);
        let is_memory = path.to_string_lossy().ends_with("-shm");
        match self.inside(&path) {
            Some(inside) if is_written && !is_memory => Err(format!("{} is mapped", inside.display())),
            _ => Ok(()),
        }
    }

    fn refuse_unknown(&self, call: &Call) -> Result<(), String> {
        let root = self.root.to_string_lossy();
        let is_inside = (0..call.arguments.len()).any(|which| {
            let bytes = call.bytes(which);
            let named = String::from_utf8_lossy(&bytes).starts_with(root.as_ref());
            named || self.inside(&call.path_of_file(which)).is_some()
        });
        let is_global = matches!(call.name.as_str(), "sync" | "syncfs" | "io_uring_setup");
        if is_inside || is_global { Err("the model knows nothing of this call".to_owned()) } else { Ok(()) }
    }
}
