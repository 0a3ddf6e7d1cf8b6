//! Runs a process of ours under strace, and reads what it did to files.
//!
//! Everything of a string or a path is printed in hex, so that nothing in a line but the punctuation is strace's.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Every call that changes a file, a name or which file a number means. A call of which the model knows nothing makes
/// a recording fail, so nothing is passed over.
const CALLS: &str = "open,openat,openat2,creat,close,dup,dup2,dup3,lseek,write,pwrite64,writev,pwritev,pwritev2,\
    ftruncate,truncate,fallocate,copy_file_range,sendfile,splice,mmap,io_uring_setup,fsync,fdatasync,sync,syncfs,\
    sync_file_range,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,link,linkat,symlink,symlinkat";
/// Longer strings would be cut: a photo is smaller.
const LONGEST: &str = "16777216";

/// One finished call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) arguments: Vec<String>,
    /// What it returned.
    pub(super) result: i64,
    /// The lines of the log at which it began and ended: other threads may have done something in between.
    pub(super) begin: usize,
    pub(super) end: usize,
}

/// Runs this very program with `arguments` and writes what it does to `log`. With `killed_at` it is killed when it asks
/// for its so manieth sync, which does not happen any more; none if it came to its end before.
pub(super) fn record(
    arguments: &[String],
    temporary: &Path,
    log: &Path,
    killed_at: Option<u32>,
) -> Result<Option<()>, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-xx", "-s", LONGEST, "-e", &format!("trace={CALLS}"), "-o"]).arg(log);
    if let Some(which) = killed_at {
        command.args(["-e", &format!("inject=fsync,fdatasync:signal=KILL:when={which}")]);
    } else {
        // Other calls are not stopped at; with it nothing can be injected.
        command.arg("--seccomp-bpf");
    }
    let output =
        command.arg("--").arg(own).args(arguments).env("TMPDIR", temporary).stdin(Stdio::null()).output();
    let output = output.map_err(|error| {
        format!("strace can't be run ({error}): it records what a process does to files; install the package strace")
    })?;
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("PTRACE") || said.contains("Operation not permitted") {
        return Err(format!(
            "strace may not trace on this machine (ptrace is not permitted here): {}",
            said.trim()
        ));
    }
    match (output.status.success(), killed_at) {
        (true, Some(_)) => Ok(None),
        (true, None) | (false, Some(_)) => Ok(Some(())),
        (false, None) => Err(format!("the recorded process failed: {}", said.trim())),
    }
}

/// The calls of a log that did something, in the order in which they ended.
pub(super) fn read(log: &str) -> Result<Vec<Call>, String> {
    let mut calls = Vec::new();
    let mut under_way: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for (number, line) in log.lines().enumerate() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if rest.starts_with("+++") || rest.starts_with("---") {
            continue;
        }
        if let Some(first) = rest.strip_suffix(" <unfinished ...>") {
            under_way.insert(thread, (number, first));
            continue;
        }
        let parsed = match rest.strip_prefix("<... ") {
            None => call(rest, number, number)?,
            Some(resumed) => {
                let second = resumed.split_once(" resumed>").map(|(_, second)| second);
                let begun = under_way.remove(thread);
                let (Some(second), Some((begin, first))) = (second, begun) else {
                    return Err(format!("line {number}: a call goes on that never began"));
                };
                call(&format!("{first}{second}"), begin, number)?
            }
        };
        calls.extend(parsed.filter(|call| call.result >= 0));
    }
    Ok(calls)
}

/// One call: `name(argument, …) = result`; none if it never returned.
fn call(text: &str, begin: usize, end: usize) -> Result<Option<Call>, String> {
    let bad = || format!("line {begin}: not understood: {}", text.chars().take(120).collect::<String>());
    let (name, rest) = text.split_once('(').ok_or_else(bad)?;
    let mut arguments = vec![String::new()];
    let mut depth = 0_usize;
    let mut is_quoted = false;
    let mut length = 0;
    for letter in rest.chars() {
        length += letter.len_utf8();
        match letter {
            '"' => is_quoted = !is_quoted,
            '(' | '[' | '{' if !is_quoted => depth += 1,
            ')' if !is_quoted && depth == 0 => break,
            ')' | ']' | '}' if !is_quoted => depth = depth.saturating_sub(1),
            ',' if !is_quoted && depth == 0 => {
                arguments.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = arguments.last_mut()
            && !(last.is_empty() && letter == ' ')
        {
            last.push(letter);
        }
    }
    if arguments.iter().any(|argument| argument.contains("\"...")) {
        return Err(format!("line {begin}: a string was cut"));
    }
    let result = rest.get(length..).and_then(|rest| rest.split_once("= ")).ok_or_else(bad)?.1;
    let digits = result.split([' ', '<']).next().unwrap_or_default();
    let result = match digits.strip_prefix("0x") {
        // An address: only that it is one matters.
        Some(_) => Some(0),
        None if digits == "?" => None,
        None => Some(digits.parse().map_err(|_| bad())?),
    };
    Ok(result.map(|result| Call { name: name.to_owned(), arguments, result, begin, end }))
}

impl Call {
    pub(super) fn argument(&self, which: usize) -> &str {
        self.arguments.get(which).map_or("", String::as_str)
    }

    /// The number of an open file.
    pub(super) fn file(&self, which: usize) -> i64 {
        let digits = self.argument(which).split(['<', ' ']).next().unwrap_or_default();
        digits.parse().unwrap_or(-1)
    }

    pub(super) fn number(&self, which: usize) -> u64 {
        self.argument(which).parse().unwrap_or(0)
    }

    /// All bytes in an argument, of one buffer or of several.
    pub(super) fn bytes(&self, which: usize) -> Vec<u8> {
        let parts = self.argument(which).split('"').skip(1).step_by(2);
        parts.flat_map(unescape).collect()
    }

    /// The path of an open file, as strace found it.
    pub(super) fn path_of_file(&self, which: usize) -> PathBuf {
        let argument = self.argument(which);
        let path = argument.split_once('<').and_then(|(_, path)| path.split_once('>')).map(|(path, _)| path);
        PathBuf::from(String::from_utf8_lossy(&unescape(path.unwrap_or_default())).into_owned())
    }

    /// A path, seen from the folder in another argument or from the root.
    pub(super) fn path(&self, folder: Option<usize>, which: usize) -> PathBuf {
        let name = PathBuf::from(String::from_utf8_lossy(&self.bytes(which)).into_owned());
        folder.map_or_else(|| name.clone(), |folder| self.path_of_file(folder).join(&name))
    }
}

/// `\x41\x42` is `AB`.
fn unescape(text: &str) -> Vec<u8> {
    let digit =
        |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
    let pair = |four: &[u8]| match four {
        [_, _, high, low] => digit(high) * 16 + digit(low),
        _ => 0,
    };
    text.as_bytes().chunks(4).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_another_thread_interrupted_is_one_call() {
        let log = "7 pwrite64(4<\\x2f\\x61>, \"\\x41\\x00\", 2, 8 <unfinished ...>\n\
                   8 close(3<\\x2f\\x62>(deleted)) = 0\n\
                   7 <... pwrite64 resumed>) = 2\n\
                   8 rename(\"\\x2f\\x61\", \"\\x2f\\x62\") = -1 ENOENT (No such file or directory)\n\
                   8 +++ exited with 0 +++\n";
        let calls = read(log).unwrap();
        assert_eq!(calls.len(), 2, "the rename failed");
        let write = &calls[1];
        assert_eq!((write.name.as_str(), write.file(0), write.number(3)), ("pwrite64", 4, 8));
        assert_eq!((write.bytes(1), write.begin, write.end), (vec![0x41, 0], 0, 2));
        assert_eq!(write.path_of_file(0), PathBuf::from("/a"));
        assert_eq!((calls[0].file(0), calls[0].begin), (3, 1));
    }

    #[test]
    fn bytes_of_several_buffers_are_one_write_and_a_cut_string_is_an_error() {
        let log = "7 writev(1<\\x2f>, [{iov_base=\"\\x41\", iov_len=1}, {iov_base=\"\\x42\\x43\", iov_len=2}], 2) = 3\n";
        assert_eq!(read(log).unwrap()[0].bytes(1), b"ABC");
        assert!(read("7 write(1<\\x2f>, \"\\x41\"..., 9) = 9\n").is_err());
    }
}
