//! Other systems on the command line: what comes from them, and what they are told.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Format, Named};

/// `suishou intake …`
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  suishou intake source add hotline --kind hotline --name 12345热线 --category environment
  suishou intake import tickets.csv --source hotline --dry-run
  suishou intake import tickets.csv --source hotline
  suishou intake list --source hotline
  suishou incident list --source hotline")]
pub enum Intake {
    /// The systems from which matters come: add, list, disable, rotate the secret  来源
    #[command(subcommand)]
    Source(Source),
    /// List what came, newest first  列出来件
    List(IntakeList),
    /// Take a CSV file of tickets: all of it or nothing  导入
    #[command(
        after_help = "Columns: external_id,title,text,category,severity,address,grid,latitude,longitude,system,\nreported_at,contact_name,contact_phone (or 工单编号,标题,内容,类别,轻重,地址,网格,纬度,经度,坐标系,\n时间,联系人,联系电话). system 坐标系: wgs84, gcj02 or bd09.\nThe same file again changes nothing; other content under a known id becomes a remark there."
    )]
    Import(IntakeImport),
    /// Whom to call about an incident that came from elsewhere; each look is written down  联系人
    Contact(Named),
}

/// `suishou intake source …`
#[derive(Debug, Subcommand)]
pub enum Source {
    /// Add one; its secret is shown this once  新增
    Add(Box<SourceAdd>),
    /// List them  列出
    List(Format),
    /// Take nothing more from one  停用
    Disable(WebhookNamed),
    /// Take from it again  启用
    Enable(WebhookNamed),
    /// Give one a new secret; the old one is worth nothing from now on  更换密钥
    Rotate(WebhookNamed),
}

/// `suishou intake source add`
#[derive(Args, Debug)]
pub struct SourceAdd {
    /// Its short name  代号
    pub id: String,
    /// What it is  类型
    #[arg(long, value_parser = ["hotline", "petition", "enforcement", "satellite", "chat", "other"])]
    pub kind: String,
    /// What people call it  名称
    #[arg(long)]
    pub name: String,
    /// For what names no category, or one that nobody knows  默认类别
    #[arg(long)]
    pub category: Option<String>,
    /// For what names no severity  默认轻重
    #[arg(long, default_value = "normal", value_parser = ["low", "normal", "high", "urgent"])]
    pub severity: String,
    /// For what names no grid and has no position in one  默认网格
    #[arg(long)]
    pub grid: Option<String>,
    /// Its word for a category, such as 噪音扰民=environment; may be given several times  类别对照
    #[arg(long = "map-category", value_name = "WORD=CODE")]
    pub categories: Vec<String>,
    /// Its word for a severity, such as 特急=urgent  轻重对照
    #[arg(long = "map-severity", value_name = "WORD=CODE")]
    pub severities: Vec<String>,
    /// Its word for a grid, such as 桥头村=v1  网格对照
    #[arg(long = "map-grid", value_name = "WORD=CODE")]
    pub grids: Vec<String>,
    /// Where it is told what became of its matters  回告地址
    #[arg(long, value_name = "URL")]
    pub callback: Option<String>,
    /// The authority that vouches for that address, a PEM file  证书机构文件
    #[arg(long, value_name = "FILE", requires = "callback")]
    pub ca: Option<PathBuf>,
    /// Tell it the words of the answer too  附带文字
    #[arg(long, requires = "callback")]
    pub with_text: bool,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou intake list`
#[derive(Args, Debug)]
pub struct IntakeList {
    /// Only from this source  来源
    #[arg(long)]
    pub source: Option<String>,
    /// Those before this place, from the list's JSON (`row`)  上一页末尾的序号
    #[arg(long, value_name = "ROW")]
    pub before: Option<u64>,
    /// At most so many  条数
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub limit: u16,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou intake import`
#[derive(Args, Debug)]
pub struct IntakeImport {
    /// The file  文件
    pub file: PathBuf,
    /// From which source  来源
    #[arg(long)]
    pub source: String,
    /// Only say what would be done  只检查
    #[arg(long)]
    pub dry_run: bool,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou webhook …`
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Events: incident.reported, incident.step, incident.accepted, incident.rejected, incident.duplicate,
incident.closed, incident.reopened, warning.issued, warning.changed, warning.ended.

Examples:
  suishou webhook add board --url https://board.example/hook --event incident.closed
  suishou webhook test board
  suishou webhook dead
  suishou webhook retry board"
)]
pub enum Webhook {
    /// Add one; its secret is shown this once  新增
    Add(WebhookAdd),
    /// List them, with what waits and what was given up  列出
    List(Format),
    /// Tell it nothing more; what waits, waits on  停用
    Disable(WebhookNamed),
    /// Tell it again  启用
    Enable(WebhookNamed),
    /// Send one event that says nothing, now  测试
    Test(WebhookNamed),
    /// List what was given up after three days  未送达
    Dead(Dead),
    /// Try again what was given up  重发
    Retry(Retry),
}

/// `suishou webhook add`
#[derive(Args, Debug)]
pub struct WebhookAdd {
    /// Its short name  代号
    pub id: String,
    /// Where events go  地址
    #[arg(long, value_name = "URL")]
    pub url: String,
    /// Only this kind of events; may be given several times  事件种类 [default: all]
    #[arg(long = "event", value_name = "KIND")]
    pub events: Vec<String>,
    /// Send what people wrote along; names and numbers may stand in it  附带文字
    #[arg(long)]
    pub with_text: bool,
    /// The authority that vouches for the receiver, a PEM file  证书机构文件 [default: the public ones]
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// One by its short name.
#[derive(Args, Debug)]
pub struct WebhookNamed {
    /// Its short name  代号
    pub id: String,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou webhook dead`
#[derive(Args, Debug)]
pub struct Dead {
    /// Only of this one  代号
    #[arg(long)]
    pub webhook: Option<String>,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou webhook retry`
#[derive(Args, Debug)]
pub struct Retry {
    /// Its short name  代号
    pub id: String,
    /// Only this one, by its number in `webhook dead`  序号
    #[arg(long)]
    pub item: Option<i64>,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}
