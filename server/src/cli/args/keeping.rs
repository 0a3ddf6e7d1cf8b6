//! The arguments of what keeps a relay alive: backup, restore, check, doctor, install.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Format;

/// `suishou backup …`
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "The relay may run meanwhile. The backup holds the township's keys and everything that was reported:\nencrypt it, and keep the key elsewhere.\n\nExamples:\n  suishou backup --to /mnt/usb/suishou --passphrase-stdin\n  suishou backup --to /mnt/usb/suishou --keep 14\n  suishou backup list --from /mnt/usb/suishou\n  suishou backup verify --from /mnt/usb/suishou --passphrase-stdin\n\nIn config.toml, for backups by itself:\n  [backup]\n  to = \"/mnt/usb/suishou\"\n  every_hours = 24\n  keep = 14"
)]
pub struct Backup {
    /// What else to do with backups.
    #[command(subcommand)]
    pub kept: Option<Kept>,
    /// Take one.
    #[command(flatten)]
    pub take: BackupTake,
}

/// `suishou backup`
#[derive(Args, Debug)]
pub struct BackupTake {
    /// A folder on another disk; made if its parent is there  备份目录 [default: from config.toml]
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// For a new folder: encrypt to this public key of age  加密公钥
    #[arg(long, value_name = "age1…", conflicts_with = "passphrase_stdin")]
    pub encrypt_to: Option<String>,
    /// For a new folder: encrypt with the passphrase on standard input  从标准输入读取口令
    #[arg(long)]
    pub passphrase_stdin: bool,
    /// Drop all but so many of the newest backups  保留份数
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub keep: Option<u16>,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// What else to do with backups.
#[derive(Debug, Subcommand)]
pub enum Kept {
    /// List the backups of a folder  列出备份
    List(FromBackup),
    /// Read a backup back, every byte  核验备份
    Verify(FromBackup),
}

/// A backup folder and what opens it.
#[derive(Args, Debug)]
pub struct FromBackup {
    /// The backup folder  备份目录 [default: from config.toml]
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
    /// Which backup  哪一份 [default: the newest]
    #[arg(long, value_name = "NAME")]
    pub snapshot: Option<String>,
    /// What opens it.
    #[command(flatten)]
    pub key: KeyOf,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// What opens an encrypted backup.
#[derive(Args, Debug)]
pub struct KeyOf {
    /// The secret key, a file of age-keygen  私钥文件
    #[arg(long, value_name = "KEYFILE", conflicts_with = "passphrase_stdin")]
    pub identity: Option<PathBuf>,
    /// The passphrase is on standard input  从标准输入读取口令
    #[arg(long)]
    pub passphrase_stdin: bool,
}

/// `suishou restore`
#[derive(Args, Debug)]
#[command(
    after_help = "Everything is checked before anything is written, and an existing folder is never written over.\nThe relay begins a new life: phones then bring again what came after the backup.\nNever start the old folder again beside it.\n\nExample:\n  suishou restore --from /mnt/usb/suishou --dir /srv/suishou-new --passphrase-stdin"
)]
pub struct Restore {
    /// The backup folder  备份目录
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Which backup  哪一份 [default: the newest]
    #[arg(long, value_name = "NAME")]
    pub snapshot: Option<String>,
    /// What opens it.
    #[command(flatten)]
    pub key: KeyOf,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou check`
#[derive(Args, Debug)]
#[command(
    after_help = "Every attachment is read and compared with its hash. Exit code 1 if anything is damaged.\n\nExamples:\n  suishou check\n  suishou check --deep\n  suishou check --repair"
)]
pub struct Check {
    /// Every log and every row, not only a sample  全面核验
    #[arg(long)]
    pub deep: bool,
    /// Put damaged attachments aside and ask the phones for them again  向手机重新索取损坏的附件
    #[arg(long)]
    pub repair: bool,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou doctor`
#[derive(Args, Debug)]
pub struct Doctor {
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou install`
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  suishou install --print --dir /var/lib/suishou\n  sudo suishou install --dir /var/lib/suishou\n  suishou install --plain --dir /srv/suishou"
)]
pub struct Install {
    /// Only print what would be written  只显示，不写入
    #[arg(long)]
    pub print: bool,
    /// A way without systemd: a script and a line for cron; only prints  不用 systemd 的办法
    #[arg(long, conflicts_with = "root")]
    pub plain: bool,
    /// Write below this folder instead of /, and start nothing  写入此目录之下
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
}
