//! A model of a disk: what is on it for certain, what may be, and what a power cut leaves.
//!
//! It is harsher than ext4 or xfs and as harsh as POSIX allows, but for what follows, on which SQLite relies too:
//! - a sector of 512 bytes is written whole or not at all, and no write touches bytes beside its own
//!   (SQLite's "power-safe overwrite");
//! - space that a file has gained and no write reached reads as zeros, never as another file's bytes;
//! - a rename is one change: after it there is the old name or the new one, between two folders perhaps both,
//!   never none;
//! - a sync of a file makes its bytes and its length durable, none of its names; a sync of a folder makes the names in
//!   it durable, not the folder's own.
//!
//! Everything else that was not synced is there, not there, or there in part, each change by itself: so a later change
//! can be there without an earlier one.

use std::{
    collections::{BTreeMap, hash_map::DefaultHasher},
    fs,
    hash::{Hash as _, Hasher as _},
    io,
    path::Path,
    sync::Arc,
};

use suishou_core::time::Random;

use super::record::{Event, Item, Node, ROOT, Recording, What};

const SECTOR: u64 = 512;

/// Which of a process's own syncs the disk ignores: to see whether the check notices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Forget {
    /// None: the disk is as described.
    #[default]
    Nothing,
    /// Syncs of files and of folders.
    Syncs,
    /// Syncs of folders.
    FolderSyncs,
}

/// A change of a file's content that is not durable yet.
#[derive(Clone)]
enum Bytes {
    Written { at: u64, bytes: Arc<[u8]> },
    Resized(u64),
}

/// A change of names that is not durable yet.
#[derive(Clone)]
enum Names {
    Enters { folder: Node, name: Arc<str>, node: Node },
    Leaves { folder: Node, name: Arc<str> },
    Moves { from: (Node, Arc<str>), to: (Node, Arc<str>), node: Node },
}

#[derive(Clone, Default)]
struct File {
    durable: Vec<u8>,
    pending: Vec<(u64, Bytes)>,
}

/// The disk at one moment of a recording.
#[derive(Clone)]
pub(super) struct Disk {
    files: BTreeMap<Node, File>,
    folders: BTreeMap<Node, BTreeMap<Arc<str>, Node>>,
    names: Vec<(u64, Names)>,
    syncing: BTreeMap<Node, u64>,
    next: u64,
    /// Counts changes of what is durable.
    generation: u64,
    forget: Forget,
}

/// What becomes of one change that is not durable.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Fate {
    Lost,
    Kept,
    /// Some of its sectors, by this seed; of a rename between two folders: both names.
    Torn(u64),
}

/// What becomes of every change that is not durable.
pub(super) struct Cut {
    fates: BTreeMap<u64, Fate>,
    /// The same for two cuts that leave the same.
    pub(super) mark: u64,
}

/// What a cut leaves: a file's content, or a folder.
pub(super) enum Left {
    File(Vec<u8>),
    Folder(BTreeMap<Arc<str>, Left>),
}

impl Disk {
    /// The disk before a recording.
    pub(super) fn new(recording: &Recording, forget: Forget) -> Self {
        let mut disk = Self {
            files: BTreeMap::new(),
            folders: BTreeMap::new(),
            names: Vec::new(),
            syncing: BTreeMap::new(),
            next: 0,
            generation: 0,
            forget,
        };
        for (node, item) in recording.before.iter().enumerate() {
            match item {
                Item::File(bytes) => {
                    drop(disk.files.insert(node, File { durable: bytes.clone(), pending: Vec::new() }));
                }
                Item::Folder(names) => drop(disk.folders.insert(node, names.clone())),
            }
        }
        disk
    }

    /// Takes the next event of the recording.
    pub(super) fn take(&mut self, event: &Event) {
        self.next += 1;
        let id = self.next;
        match &event.what {
            What::Says(_) => {}
            What::Writes { node, at, bytes } => {
                self.change(*node, id, Bytes::Written { at: *at, bytes: Arc::clone(bytes) });
            }
            What::Resizes { node, length } => self.change(*node, id, Bytes::Resized(*length)),
            What::SyncBegins { node } => drop(self.syncing.insert(*node, id)),
            What::SyncEnds { node } => {
                let begun = self.syncing.remove(node).unwrap_or(id);
                self.sync(*node, begun);
            }
            What::Enters { folder, name, node } => {
                let change = Names::Enters { folder: *folder, name: Arc::clone(name), node: *node };
                self.names.push((id, change));
            }
            What::Leaves { folder, name } => {
                self.names.push((id, Names::Leaves { folder: *folder, name: Arc::clone(name) }));
            }
            What::Moves { from, to, node } => {
                self.names.push((id, Names::Moves { from: from.clone(), to: to.clone(), node: *node }));
            }
        }
    }

    fn change(&mut self, node: Node, id: u64, change: Bytes) {
        if let Some(file) = self.files.get_mut(&node) {
            file.pending.push((id, change));
        }
    }

    /// What was done to a file or folder before `begun` is durable.
    fn sync(&mut self, node: Node, begun: u64) {
        if self.forget == Forget::Syncs {
            return;
        }
        if self.folders.contains_key(&node) {
            if self.forget == Forget::Nothing {
                self.sync_folder(node, begun);
            }
            return;
        }
        let Some(file) = self.files.get_mut(&node) else { return };
        let (synced, left) = std::mem::take(&mut file.pending).into_iter().partition(|(id, _)| *id < begun);
        let synced: Vec<(u64, Bytes)> = synced;
        file.pending = left;
        for (_, change) in &synced {
            apply(&mut file.durable, change, Fate::Kept);
        }
        self.generation += u64::from(!synced.is_empty());
    }

    fn sync_folder(&mut self, node: Node, begun: u64) {
        let mut left = Vec::new();
        for (id, change) in std::mem::take(&mut self.names) {
            let (is_here, rest) = match &change {
                Names::Enters { folder, .. } | Names::Leaves { folder, .. } => (*folder == node, None),
                // The new name for certain; the old one goes when its own folder is synced.
                Names::Moves { from, to, .. } if from.0 != to.0 && to.0 == node => {
                    (true, Some(Names::Leaves { folder: from.0, name: Arc::clone(&from.1) }))
                }
                Names::Moves { from, to, .. } => (from.0 == node || to.0 == node, None),
            };
            if !is_here || id >= begun {
                left.push((id, change));
                continue;
            }
            let fate = if rest.is_some() { Fate::Torn(0) } else { Fate::Kept };
            change_names(&mut self.folders, &change, fate);
            self.generation += 1;
            left.extend(rest.map(|rest| (id, rest)));
        }
        self.names = left;
    }

    /// Decides by a seed what becomes of everything that is not durable: seed 0 loses all, seed 1 keeps all (as when
    /// only the process is killed), others lose what came after a moment, or keep or lose a single change, or decide
    /// for each by itself.
    pub(super) fn cut(&self, seed: u64) -> Cut {
        let files = self.files.values().flat_map(|file| file.pending.iter().map(|(id, _)| *id));
        let mut pending: Vec<u64> = files.chain(self.names.iter().map(|(id, _)| *id)).collect();
        pending.sort_unstable();
        let mut random = Random::seeded(seed ^ self.next.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let count = pending.len() as u64;
        let (style, chosen) = (random.below(8), random.below(count.max(1)));
        let kept_of_8 = [1, 4, 7].get(usize::try_from(random.below(3)).unwrap_or(0)).copied().unwrap_or(4);
        let mut fate = |place: u64| match (seed, style) {
            (0, _) => Fate::Lost,
            (1, _) => Fate::Kept,
            (_, 0) if place == chosen => Fate::Torn(random.below(u64::MAX)),
            (_, 0) if place < chosen => Fate::Kept,
            (_, 1) if place == chosen => Fate::Lost,
            (_, 1) => Fate::Kept,
            (_, 2) if place == chosen => Fate::Kept,
            (_, 0 | 2) => Fate::Lost,
            _ if random.below(8) >= kept_of_8 => Fate::Lost,
            _ if random.below(3) == 0 => Fate::Torn(random.below(u64::MAX)),
            _ => Fate::Kept,
        };
        let fates: BTreeMap<u64, Fate> = (0..).zip(pending).map(|(place, id)| (id, fate(place))).collect();
        let mut hasher = DefaultHasher::new();
        (self.generation, &fates).hash(&mut hasher);
        Cut { fates, mark: hasher.finish() }
    }

    /// What is on the disk at a path after a cut, if anything.
    pub(super) fn left(&self, cut: &Cut, path: &Path) -> Option<Left> {
        let fate = |id: &u64| cut.fates.get(id).copied().unwrap_or(Fate::Lost);
        let mut folders = self.folders.clone();
        for (id, change) in &self.names {
            change_names(&mut folders, change, fate(id));
        }
        let from = path.components().try_fold(ROOT, |folder, part| {
            folders.get(&folder)?.get(part.as_os_str().to_string_lossy().as_ref()).copied()
        })?;
        Some(gather(from, &folders, &|node| {
            let Some(file) = self.files.get(&node) else { return Vec::new() };
            let mut bytes = file.durable.clone();
            for (id, change) in &file.pending {
                apply(&mut bytes, change, fate(id));
            }
            bytes
        }))
    }
}

fn gather(
    node: Node,
    folders: &BTreeMap<Node, BTreeMap<Arc<str>, Node>>,
    content: &dyn Fn(Node) -> Vec<u8>,
) -> Left {
    match folders.get(&node) {
        None => Left::File(content(node)),
        Some(names) => {
            let gathered =
                names.iter().map(|(name, node)| (Arc::clone(name), gather(*node, folders, content)));
            Left::Folder(gathered.collect())
        }
    }
}

/// Changes bytes as far as the change survives.
fn apply(content: &mut Vec<u8>, change: &Bytes, fate: Fate) {
    let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX);
    match (change, fate) {
        (_, Fate::Lost) => {}
        (Bytes::Resized(length), _) => content.resize(at(*length), 0),
        (Bytes::Written { at: from, bytes }, fate) => {
            let end = from + bytes.len() as u64;
            let mut random = match fate {
                Fate::Torn(seed) => Some(Random::seeded(seed)),
                _ => None,
            };
            let mut place = *from;
            while place < end {
                let next = random.as_ref().map_or(end, |_| ((place / SECTOR + 1) * SECTOR).min(end));
                if random.as_mut().is_none_or(|random| random.below(2) == 0) {
                    if content.len() < at(next) {
                        content.resize(at(next), 0);
                    }
                    let new = bytes.get(at(place - from)..at(next - from));
                    if let (Some(old), Some(new)) = (content.get_mut(at(place)..at(next)), new) {
                        old.copy_from_slice(new);
                    }
                }
                place = next;
            }
        }
    }
}

fn change_names(folders: &mut BTreeMap<Node, BTreeMap<Arc<str>, Node>>, change: &Names, fate: Fate) {
    let mut set = |folder: Node, name: &Arc<str>, node: Option<Node>| {
        let names = folders.entry(folder).or_default();
        match node {
            Some(node) => drop(names.insert(Arc::clone(name), node)),
            None => drop(names.remove(name)),
        }
    };
    match (change, fate) {
        (_, Fate::Lost) => {}
        (Names::Enters { folder, name, node }, _) => set(*folder, name, Some(*node)),
        (Names::Leaves { folder, name }, _) => set(*folder, name, None),
        (Names::Moves { from, to, node }, fate) => {
            let has_both = from.0 != to.0 && matches!(fate, Fate::Torn(_));
            if !has_both {
                set(from.0, &from.1, None);
            }
            set(to.0, &to.1, Some(*node));
        }
    }
}

impl Left {
    /// Writes it where it can be opened.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        match self {
            Self::File(bytes) => fs::write(path, bytes),
            Self::Folder(items) => {
                fs::create_dir_all(path)?;
                items.iter().try_for_each(|(name, left)| left.write(&path.join(name.as_ref())))
            }
        }
    }

    /// Where a real folder differs from this, but for the memory that SQLite maps.
    pub(super) fn difference(&self, path: &Path) -> Option<String> {
        let differs = || Some(path.display().to_string());
        match self {
            Self::File(_) if path.to_string_lossy().ends_with("-shm") => None,
            Self::File(bytes) => {
                if fs::read(path).is_ok_and(|found| found == *bytes) {
                    None
                } else {
                    differs()
                }
            }
            Self::Folder(items) => {
                let count = fs::read_dir(path).map_or(usize::MAX, Iterator::count);
                let inner = items.iter().find_map(|(name, left)| left.difference(&path.join(name.as_ref())));
                if count == items.len() { inner } else { inner.or_else(differs) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Node = 1;
    const OTHER: Node = 2;

    /// A folder with two files `a` and `b` of one letter each, 2,000 times.
    fn before() -> Recording {
        let names = BTreeMap::from([(Arc::from("a"), FILE), (Arc::from("b"), OTHER)]);
        let files = [b'a', b'b'].map(|letter| Item::File(vec![letter; 2_000]));
        let before = [Item::Folder(names)].into_iter().chain(files).collect();
        Recording { before, ..Recording::default() }
    }

    fn after(events: Vec<What>, forget: Forget) -> Disk {
        let mut disk = Disk::new(&before(), forget);
        for what in events {
            disk.take(&Event { what, text: String::new() });
        }
        disk
    }

    fn file(disk: &Disk, seed: u64, name: &str) -> Option<Vec<u8>> {
        match disk.left(&disk.cut(seed), Path::new(name)) {
            Some(Left::File(bytes)) => Some(bytes),
            _ => None,
        }
    }

    fn written(at: u64, letter: u8) -> What {
        What::Writes { node: FILE, at, bytes: vec![letter; 1_500].into() }
    }

    #[test]
    fn what_was_synced_stays_and_the_rest_is_lost_kept_or_torn_by_sectors() {
        let sync = [What::SyncBegins { node: FILE }, What::SyncEnds { node: FILE }];
        let mut events = vec![written(0, b'x')];
        events.extend(sync);
        events.push(written(600, b'y'));
        let disk = after(events, Forget::Nothing);
        let mut met = std::collections::BTreeSet::new();
        for seed in 0..2_000 {
            let bytes = file(&disk, seed, "a").unwrap();
            assert!(bytes[..600].iter().all(|byte| *byte == b'x'), "synced");
            // Each sector has all of the write or nothing of it.
            let has = [600..1_024, 1_024..1_536, 1_536..2_000, 2_000..2_048, 2_048..2_100].map(|part| {
                let new = bytes.get(part.clone()).is_some_and(|part| part.iter().all(|byte| *byte == b'y'));
                let old = bytes.get(part).is_none_or(|part| part.iter().all(|byte| *byte != b'y'));
                assert!(new || old, "seed {seed}");
                new
            });
            met.insert([has[0], has[1], has[2], has[4]]);
        }
        assert_eq!(met.len(), 16, "four sectors, each with or without");
    }

    #[test]
    fn a_sync_covers_only_what_was_done_before_it_began() {
        let events = vec![What::SyncBegins { node: FILE }, written(0, b'x'), What::SyncEnds { node: FILE }];
        assert_eq!(file(&after(events, Forget::Nothing), 0, "a").unwrap(), vec![b'a'; 2_000]);
        let events = vec![written(0, b'x'), What::SyncBegins { node: FILE }, What::SyncEnds { node: FILE }];
        assert_eq!(file(&after(events.clone(), Forget::Nothing), 0, "a").unwrap()[0], b'x');
        assert_eq!(file(&after(events, Forget::Syncs), 0, "a").unwrap()[0], b'a');
    }

    #[test]
    fn after_a_rename_there_is_the_old_file_or_the_new_one() {
        let moved = What::Moves { from: (ROOT, Arc::from("a")), to: (ROOT, Arc::from("b")), node: FILE };
        let disk = after(vec![moved.clone()], Forget::Nothing);
        let mut met = [false; 2];
        for seed in 0..40 {
            let is_moved = file(&disk, seed, "b").unwrap()[0] == b'a';
            assert_eq!(file(&disk, seed, "a").is_none(), is_moved);
            met[usize::from(is_moved)] = true;
        }
        assert_eq!(met, [true; 2]);
        let synced = vec![moved, What::SyncBegins { node: ROOT }, What::SyncEnds { node: ROOT }];
        for (forget, letter) in [(Forget::Nothing, b'a'), (Forget::FolderSyncs, b'b'), (Forget::Syncs, b'b')]
        {
            assert_eq!(file(&after(synced.clone(), forget), 0, "b").unwrap()[0], letter, "{forget:?}");
        }
    }

    #[test]
    fn a_new_file_whose_name_was_not_synced_can_be_gone() {
        let events = vec![
            What::Enters { folder: ROOT, name: Arc::from("c"), node: 3 },
            What::Writes { node: 3, at: 0, bytes: vec![b'c'; 10].into() },
            What::SyncBegins { node: 3 },
            What::SyncEnds { node: 3 },
        ];
        let mut recording = before();
        recording.before.push(Item::File(Vec::new()));
        let mut disk = Disk::new(&recording, Forget::Nothing);
        for what in events {
            disk.take(&Event { what, text: String::new() });
        }
        assert_eq!(file(&disk, 0, "c"), None);
        assert_eq!(file(&disk, 1, "c"), Some(vec![b'c'; 10]));
    }
}
