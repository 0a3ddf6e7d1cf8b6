//! Enrolment, phones and held entries as clap reads them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Format, Named};

/// `suishou enrol`
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "The code is good for one phone and goes out of date. Where there is no camera the person types the relay's\naddress and the code; then compare the six digits by word: suishou enrol m001 --wait, or suishou device show.\n\nExamples:\n  suishou enrol m001\n  suishou enrol 王芳 --png wang.png --valid-hours 48\n  suishou enrol --csv vendors.csv --sheet sheet.html\n  suishou enrol list\n  suishou enrol withdraw 7"
)]
pub struct Enrol {
    /// What else can be done with invitations.
    #[command(subcommand)]
    pub command: Option<EnrolCommand>,
    /// The member's number or name  人员编号或姓名
    #[arg(required_unless_present = "csv")]
    pub member: Option<String>,
    /// Write the QR as a picture  保存为 PNG
    #[arg(long, value_name = "FILE")]
    pub png: Option<PathBuf>,
    /// Write the QR as a drawing for print  保存为 SVG
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// A code for everybody of this list, as for `member import`; who is new is added  按名单批量登记
    #[arg(long, value_name = "FILE", requires = "sheet", conflicts_with_all = ["member", "png", "svg", "wait"])]
    pub csv: Option<PathBuf>,
    /// Write the codes as a sheet to print (A4) and cut apart  打印用的登记单
    #[arg(long, value_name = "FILE")]
    pub sheet: Option<PathBuf>,
    /// Wait for the phone and show the six digits to compare  等待手机并显示核对码
    #[arg(long, conflicts_with = "json")]
    pub wait: bool,
    /// How long the code is good  有效小时数
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=168))]
    pub valid_hours: u16,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou enrol …`
#[derive(Debug, Subcommand)]
pub enum EnrolCommand {
    /// List the codes that were given out, and what became of them  列出登记码
    List(Format),
    /// Take a code back that was not used  撤回登记码
    Withdraw(Withdraw),
}

/// `suishou enrol withdraw`
#[derive(Args, Debug)]
pub struct Withdraw {
    /// Its number in `enrol list`  序号
    pub number: u32,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou device …`
#[derive(Debug, Subcommand)]
pub enum Device {
    /// List the enrolled phones  列出设备
    List(Format),
    /// Show one: last contact, six digits, logs, what is held  查看
    Show(Named),
    /// Take a phone out: it gets nothing more, and what it still sends is kept apart  注销
    Revoke(Named),
    /// Take a revocation back; what was held because of it takes effect, if it may  恢复
    Restore(Named),
    /// A phone is lost: revoke it, and show the QR for the same person's next one  换机
    #[command(after_help = "Example:\n  suishou device replace 3f0c19aa --png wang.png")]
    Replace(Replace),
}

/// `suishou device replace`
#[derive(Args, Debug)]
pub struct Replace {
    /// The lost phone's id, or at least 6 characters of the beginning or end  编号
    pub id: String,
    /// Write the QR as a picture  保存为 PNG
    #[arg(long, value_name = "FILE")]
    pub png: Option<PathBuf>,
    /// Write the QR as a drawing for print  保存为 SVG
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// How long the code is good  有效小时数
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=168))]
    pub valid_hours: u16,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou held …`
#[derive(Debug, Subcommand)]
pub enum Held {
    /// List the entries that take no effect  列出待核条目
    List(HeldList),
    /// Show one, or save its bytes  查看
    #[command(after_help = "Example:\n  suishou held show 9a31c0de --raw entry.bin")]
    Show(HeldShow),
    /// Try one again on today's state, or all that waits because a phone was revoked  放行
    #[command(
        after_help = "Examples:\n  suishou held release 9a31c0de\n  suishou held release --device 3f0c19aa"
    )]
    Release(HeldRelease),
    /// Turn one down; its author reads your words beside it  退回
    #[command(
        after_help = "Example:\n  suishou held reject 9a31c0de --word 该事件已由派出所办结，请勿重复处理"
    )]
    Reject(HeldReject),
}

/// `suishou held list`
#[derive(Args, Debug)]
pub struct HeldList {
    /// Those too that were turned down  含已退回
    #[arg(long)]
    pub all: bool,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou held show`
#[derive(Args, Debug)]
pub struct HeldShow {
    /// Its id, or at least 6 characters of the beginning or end  编号
    pub id: String,
    /// Write its bytes as they came  保存原始字节
    #[arg(long, value_name = "FILE")]
    pub raw: Option<PathBuf>,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou held release`
#[derive(Args, Debug)]
pub struct HeldRelease {
    /// Its id, or at least 6 characters of the beginning or end  编号
    #[arg(required_unless_present = "device")]
    pub id: Option<String>,
    /// All that waits because this phone was revoked  某设备注销后的全部条目
    #[arg(long, value_name = "DEVICE", conflicts_with = "id")]
    pub device: Option<String>,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou held reject`
#[derive(Args, Debug)]
pub struct HeldReject {
    /// Its id, or at least 6 characters of the beginning or end  编号
    pub id: String,
    /// What its author is told  给上报人的话
    #[arg(long, value_name = "TEXT")]
    pub word: String,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}
