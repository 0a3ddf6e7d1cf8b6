//! Arguments of `identity …` and `reveal …`.

use clap::{Args, Subcommand};

use super::Format;

/// `suishou identity …`
#[derive(Debug, Subcommand)]
pub enum Identity {
    /// Make the keeper's key: from then on informants' names and phones are sealed  封存信息员身份
    #[command(
        after_help = "The passphrase (12 characters or more) is asked for twice. Nobody can recover it: print the\nrecovery sheet that this command shows, and lock it away.\n\nExample:\n  suishou identity init"
    )]
    Init(FromInput),
    /// Take another passphrase; the present one or the recovery code is asked for first  更换口令
    ChangePassphrase(FromInput),
}

/// From where a passphrase comes.
#[derive(Args, Clone, Copy, Debug)]
pub struct FromInput {
    /// Read from standard input, a passphrase a line, instead of the terminal  从标准输入读取口令
    #[arg(long)]
    pub passphrase_stdin: bool,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou reveal …`
#[derive(Debug, Subcommand)]
pub enum Reveal {
    /// Ask who a reporter is; another person opens it  申请揭示
    #[command(
        after_help = "Examples:\n  suishou reveal ask --document 0198c5a2… --reason \"court order 12\"\n  suishou reveal ask --member v07 --reason \"ambulance\""
    )]
    Ask(RevealAsk),
    /// List reveals; there are no identities in it  列出申请
    List(Format),
    /// Open one with the keeper's passphrase: the identity is shown this once  揭示
    Open(RevealOpen),
    /// Refuse one  拒绝
    Refuse(RevealRefuse),
}

/// `suishou reveal ask`
#[derive(Args, Debug)]
pub struct RevealAsk {
    /// In which document: the whole id  文档编号
    #[arg(long, value_name = "ID", required_unless_present = "member", conflicts_with = "member")]
    pub document: Option<String>,
    /// Which person of the document, by the number of the alias [default: the reporter]  文档中的第几人
    #[arg(long, value_name = "N", requires = "document")]
    pub author: Option<u16>,
    /// Or the member with this number  人员编号
    #[arg(long, value_name = "MEMBER")]
    pub member: Option<String>,
    /// Why; kept for good  理由
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou reveal open`
#[derive(Args, Debug)]
pub struct RevealOpen {
    /// Its number in the list  申请号
    pub id: i64,
    /// From where the passphrase comes.
    #[command(flatten)]
    pub input: FromInput,
}

/// `suishou reveal refuse`
#[derive(Args, Debug)]
pub struct RevealRefuse {
    /// Its number in the list  申请号
    pub id: i64,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}
