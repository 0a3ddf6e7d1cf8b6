//! The commands and their arguments, as clap reads them.

mod care;
mod incident;
mod orders;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};

pub use care::{
    Checkpoint, Diff, Export, Household, HouseholdAdd, HouseholdList, MapExport, Settings, Visit, VisitList,
};
pub use incident::{
    Close, Dispatch, Duplicate, Incident, IncidentList, Merge, Note, OfDispatch, Reject, Reopen, Report,
    ReturnStep, Step,
};
pub use orders::{
    Answer, Audience, Deed, Mark, Notice, NoticeAnswer, NoticeList, NoticePublish, Task, TaskGive, TaskList,
    Warning, WarningExtend, WarningIssue, WarningList, WarningSet, Which,
};

/// Runs a township's relay and works its incidents  随手·网格中继
#[derive(Debug, Parser)]
#[command(name = "suishou", version, arg_required_else_help = true)]
pub struct Cli {
    /// The township's data folder  数据目录 [default: `$SUISHOU_DIR`, else the current folder]
    #[arg(long, global = true, help_heading = "Everywhere  通用", value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Language of messages  语言 [default: from $LANG]
    #[arg(long, global = true, help_heading = "Everywhere  通用", value_name = "LANG", value_parser = ["zh", "en"])]
    pub lang: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a new township  建镇
    #[command(subcommand)]
    Township(Township),
    /// Run the relay until Ctrl-C  启动中继
    Serve(Serve),
    /// How the relay is  运行状况
    Status(Format),
    /// Grids: import a map, list  网格
    #[command(subcommand)]
    Grid(Grid),
    /// Departments: import, list  部门
    #[command(subcommand)]
    Department(Department),
    /// Members: import, list  人员
    #[command(subcommand)]
    Member(Member),
    /// Show the QR with which a member's phone joins  登记手机
    Enrol(Enrol),
    /// Phones: list, revoke  设备
    #[command(subcommand)]
    Device(Device),
    /// What a revoked phone had not sent: take in its sealed file  封存文件
    #[command(subcommand)]
    Bundle(Bundle),
    /// Incidents: list, show, and every step from acceptance to the end  事件
    #[command(subcommand)]
    Incident(Incident),
    /// Patrols: list, show  巡查
    #[command(subcommand)]
    Patrol(Patrol),
    /// Tasks: give, list, show, answer for somebody, close  任务
    #[command(subcommand)]
    Task(Task),
    /// Warnings: issue, raise, lower, end  预警
    #[command(subcommand)]
    Warning(Warning),
    /// Notices: publish, answer questions, withdraw  宣传
    #[command(subcommand)]
    Notice(Notice),
    /// Households to look after: add, import, list  走访对象
    #[command(subcommand)]
    Household(Household),
    /// Visits: list, show  走访
    #[command(subcommand)]
    Visit(Visit),
    /// Settings: show, export, import, history  设置
    #[command(subcommand)]
    Settings(Settings),
    /// Checkpoints of patrols: import, list  巡查点
    #[command(subcommand)]
    Checkpoint(Checkpoint),
    /// What the relay keeps apart, and why  待核
    #[command(subcommand)]
    Held(Held),
    /// Print what changes, as it changes, until Ctrl-C  实时动态
    Watch(Format),
}

/// How to print.
#[derive(Args, Clone, Copy, Debug)]
pub struct Format {
    /// Print the JSON of /api instead of text  输出 JSON
    #[arg(long)]
    pub json: bool,
}

/// `suishou township …`
#[derive(Debug, Subcommand)]
pub enum Township {
    /// Make the data folder of a new township: ids, keys, certificate, settings  新建
    #[command(
        after_help = "Example:\n  suishou township init --name 金华镇 --dir /srv/suishou --address https://192.168.1.20:8443"
    )]
    Init(Init),
}

/// `suishou township init`
#[derive(Args, Debug)]
pub struct Init {
    /// What the township is called  镇名
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// An address under which phones find the relay; may be given several times, the most likely
    /// first  手机连接的地址 [default: this machine's address in its network]
    #[arg(long = "address", value_name = "https://HOST:PORT")]
    pub addresses: Vec<String>,
}

/// `suishou serve`
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  suishou serve --dir /srv/suishou\n\nLog: SUISHOU_LOG=debug (default: info), to standard error."
)]
pub struct Serve {
    /// Where phones connect; port 0 takes a free one  手机连接的监听地址 [default: from config.toml]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Where the console and the commands connect, this machine only  本机接口地址 [default: from config.toml]
    #[arg(long, value_name = "ADDR:PORT")]
    pub api_listen: Option<SocketAddr>,
    /// No TLS, for trying things out: only with a --listen address of this machine alone  仅限本机试用
    #[arg(long)]
    pub insecure_http_on_loopback: bool,
}

/// `suishou grid …`
#[derive(Debug, Subcommand)]
pub enum Grid {
    /// Take the grids of a GeoJSON file in place of the present ones  导入网格
    #[command(
        after_help = "Each feature is a polygon with the properties id, name and, if wanted, kind and parent\n(or 编号, 名称, 类型, 上级), in WGS-84.\n\nExample:\n  suishou grid import grids.geojson"
    )]
    Import(Import),
    /// Write the grids to a GeoJSON file  导出网格
    Export(MapExport),
    /// List the grids  列出网格
    List(Format),
}

/// `suishou department …`
#[derive(Debug, Subcommand)]
pub enum Department {
    /// Add or change the departments of a CSV file  导入部门
    #[command(
        after_help = "Columns: id,name,categories (or 编号,名称,类别); several categories with ; between.\n\nExample:\n  suishou department import departments.csv"
    )]
    Import(Import),
    /// List the departments  列出部门
    List(Format),
}

/// `suishou member …`
#[derive(Debug, Subcommand)]
pub enum Member {
    /// Add or change the members of a CSV file  导入人员
    #[command(
        after_help = "Columns: id,name,role,grids,department,phone (or 编号,姓名,角色,网格,部门,电话); several grids with ; between.\nRoles: member 网格员, leader 网格长, informant 信息员, handler 经办人, dispatcher 值班员.\n\nExample:\n  suishou member import members.csv"
    )]
    Import(Import),
    /// List the members  列出人员
    List(Format),
}

/// A file to import.
#[derive(Args, Debug)]
pub struct Import {
    /// The file  文件
    pub file: PathBuf,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou enrol`
#[derive(Args, Debug)]
#[command(
    after_help = "The code is good for one phone and goes out of date.\n\nExamples:\n  suishou enrol m001\n  suishou enrol 王芳 --png wang.png --valid-hours 48"
)]
pub struct Enrol {
    /// The member's number or name  人员编号或姓名
    pub member: String,
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

/// `suishou device …`
#[derive(Debug, Subcommand)]
pub enum Device {
    /// List the enrolled phones  列出设备
    List(Format),
    /// Take a phone out: it gets nothing more, and what it still sends is kept apart  注销
    Revoke(Named),
}

/// `suishou bundle …`
#[derive(Debug, Subcommand)]
pub enum Bundle {
    /// Open a phone's sealed file with the township's key and store what is in it as from that phone  导入
    #[command(
        after_help = "The app of a revoked phone seals what it had not sent into bundle-….sealed before it is wiped.\nOnly this township can open it. Importing it again changes nothing.\n\nExample:\n  suishou bundle import bundle-3f0c….sealed"
    )]
    Import(Import),
}

/// `suishou patrol …`
#[derive(Debug, Subcommand)]
pub enum Patrol {
    /// List patrols, newest first  列出巡查
    List(PatrolList),
    /// Show one  查看
    Show(Named),
}

/// `suishou patrol list`
#[derive(Args, Debug)]
pub struct PatrolList {
    /// At most so many  条数
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub limit: u16,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou held …`
#[derive(Debug, Subcommand)]
pub enum Held {
    /// List the entries that take no effect  列出待核条目
    List(Format),
}

/// Something by its id.
#[derive(Args, Debug)]
pub struct Named {
    /// Its id, or at least 6 characters of the beginning or end  编号
    pub id: String,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}
