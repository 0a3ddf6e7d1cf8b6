//! Arguments of `subject …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Format;

/// `suishou subject …`
#[derive(Debug, Subcommand)]
pub enum Subject {
    /// Write all that is held about a person into a folder  查阅导出
    #[command(
        after_help = "Of an informant the keeper's passphrase is asked for.\n\nExamples:\n  suishou subject export m001 --out wang\n  suishou subject export --household 0198c5a2… --out family"
    )]
    Export(SubjectExport),
    /// Erase all text about a person: first shows what would go, does it with --yes  删除
    #[command(
        after_help = "Headers, steps and counts stay. Writes a signed certificate with --out.\n\nExample:\n  suishou subject erase m001 --reason \"request of 3 May\" --yes --out erased-m001.json"
    )]
    Erase(SubjectErase),
    /// Check the certificate of an erasure  核验证书
    Verify(SubjectVerify),
}

/// About whom.
#[derive(Args, Debug)]
pub struct About {
    /// The member's number  人员编号
    #[arg(value_name = "MEMBER", required_unless_present_any = ["household", "caller"])]
    pub member: Option<String>,
    /// Or a household's document: the whole id  走访对象的文档编号
    #[arg(long, value_name = "ID", conflicts_with_all = ["member", "caller"])]
    pub household: Option<String>,
    /// Or who called another system about an incident: the incident's whole id  来电反映人（所反映事件的编号）
    #[arg(long, value_name = "ID", conflicts_with = "member")]
    pub caller: Option<String>,
}

/// `suishou subject export`
#[derive(Args, Debug)]
pub struct SubjectExport {
    /// About whom.
    #[command(flatten)]
    pub about: About,
    /// A new folder  输出目录
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The keeper's passphrase will be given: for an informant  信息员须输入身份保管口令
    #[arg(long)]
    pub unseal: bool,
    /// From where the passphrase comes.
    #[arg(long, requires = "unseal")]
    pub passphrase_stdin: bool,
}

/// `suishou subject erase`
#[derive(Args, Debug)]
pub struct SubjectErase {
    /// About whom.
    #[command(flatten)]
    pub about: About,
    /// Why; stands in the certificate  理由
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Do it; nothing brings it back  确认删除
    #[arg(long, requires = "out")]
    pub yes: bool,
    /// Where to write the certificate  证书文件
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou subject verify`
#[derive(Args, Debug)]
pub struct SubjectVerify {
    /// The certificate  证书文件
    pub file: PathBuf,
}
