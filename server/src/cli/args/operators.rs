//! Arguments about operators and the audit log.

use clap::{Args, Subcommand};

use super::Format;

/// `suishou operator …`
#[derive(Debug, Subcommand)]
pub enum Operator {
    /// Add somebody and print the one-time link with which they choose a password  新增操作员
    #[command(
        after_help = "Example:\n  suishou operator add wangfang --shown Wang --roles dispatcher,leader\n  suishou operator add police1 --shown Police --roles handler --department police"
    )]
    Add(OperatorAdd),
    /// List those who may log in  列出操作员
    List(Format),
    /// Take the login away; sessions end at once  停用
    Disable(OfOperator),
    /// Give the login back  启用
    Enable(OfOperator),
    /// Give other roles  改岗位
    Roles(OperatorRoles),
    /// End sessions and password, and print a new one-time link  重设密码
    Reset(OfOperator),
}

/// `suishou operator add`
#[derive(Args, Debug)]
pub struct OperatorAdd {
    /// What they log in with: letters, digits, - _ .  登录名
    pub name: String,
    /// What colleagues call them  姓名
    #[arg(long, value_name = "NAME")]
    pub shown: String,
    /// What they do, with commas between: dispatcher 值班员, leader 领导, handler 经办人, `identity_keeper`
    /// 身份保管人, administrator 管理员, reader 只读  岗位
    #[arg(long, value_name = "ROLE,…", value_delimiter = ',', required = true)]
    pub roles: Vec<String>,
    /// A handler's department  部门
    #[arg(long)]
    pub department: Option<String>,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou operator roles`
#[derive(Args, Debug)]
pub struct OperatorRoles {
    /// The login name  登录名
    pub name: String,
    /// What they do from now on, with commas between  岗位
    #[arg(required = true, value_name = "ROLE,…", value_delimiter = ',')]
    pub roles: Vec<String>,
    /// A handler's department  部门
    #[arg(long)]
    pub department: Option<String>,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// Somebody by the login name.
#[derive(Args, Debug)]
pub struct OfOperator {
    /// The login name  登录名
    pub name: String,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou audit …`
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// List what operators did, newest first  列出
    List(AuditList),
    /// Walk the chain and say whether anything was changed or taken out; also while no relay runs  核对
    Verify(Format),
}

/// `suishou audit list`
#[derive(Args, Debug)]
pub struct AuditList {
    /// Not older than this, such as 2026-01-31T00:00+08:00  起始时间
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only by this operator, by login name  操作员
    #[arg(long, value_name = "NAME")]
    pub operator: Option<String>,
    /// At most so many  条数
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}
