//! The commands and their arguments, as clap reads them.

mod care;
mod identity;
mod enrolment;
mod figures;
mod incident;
mod keeping;
mod intake;
mod operators;
mod orders;
mod subject;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};

pub use care::{
    Checkpoint, Diff, Export, Household, HouseholdAdd, HouseholdList, MapExport, Settings, Visit, VisitList,
};
pub use enrolment::{
    Device, Enrol, EnrolCommand, Held, HeldList, HeldReject, HeldRelease, HeldShow, Replace, Withdraw,
};
pub use figures::{
    ExportRows, Figures, FiguresGrid, FiguresOf, FiguresPublished, Retention, RetentionHold, RetentionRun,
    RetentionSet, When,
};
pub use identity::{FromInput, Identity, Reveal, RevealAsk, RevealOpen, RevealRefuse};
pub use incident::{
    Close, Dispatch, Duplicate, Incident, IncidentList, Merge, Note, OfDispatch, Reject, Reopen, Report,
    ReturnStep, Step,
};
pub use intake::{
    Dead, Intake, IntakeImport, IntakeList, Retry, Source, SourceAdd, Webhook, WebhookAdd, WebhookNamed,
};
pub use keeping::{Backup, BackupTake, Check, Doctor, FromBackup, Install, Kept, KeyOf, Restore};
pub use operators::{Audit, AuditList, OfOperator, Operator, OperatorAdd, OperatorRoles};
pub use orders::{
    Answer, Audience, Deed, Mark, Notice, NoticeAnswer, NoticeList, NoticePublish, Task, TaskGive, TaskList,
    Warning, WarningExtend, WarningIssue, WarningList, WarningSet, Which,
};
pub use subject::{About, Subject, SubjectErase, SubjectExport, SubjectVerify};

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
    /// Codes with which members' phones join: one, a sheet, a list  登记手机
    Enrol(Enrol),
    /// Phones: list, show, revoke, restore, replace  设备
    #[command(subcommand)]
    Device(Device),
    /// What a revoked phone had not sent: take in its sealed file  封存文件
    #[command(subcommand)]
    Bundle(Bundle),
    /// The map under the grids, for console and phones  底图
    #[command(subcommand)]
    Basemap(BaseMap),
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
    /// Seal who informants are  身份封存
    #[command(subcommand)]
    Identity(Identity),
    /// What is held about a person: export, erase, check a certificate  个人信息
    #[command(subcommand)]
    Subject(Subject),
    /// Ask who a sealed reporter is; open it with a second person  揭示身份
    #[command(subcommand)]
    Reveal(Reveal),
    /// Matters of other systems: hotline, petitions, satellite  外部来件
    #[command(subcommand)]
    Intake(Intake),
    /// Who is told what happens here  事件推送
    #[command(subcommand)]
    Webhook(Webhook),
    /// What the relay keeps apart, and why: list, show, release, reject  待核
    #[command(subcommand)]
    Held(Held),
    /// Copy everything to another disk, beside the running relay; list and verify such copies  备份
    Backup(Backup),
    /// Make a township's folder anew from a backup  恢复
    Restore(Restore),
    /// Look whether everything that is kept is what it was  核验
    Check(Check),
    /// What is well with this machine and what is not, and what to do  体检
    Doctor(Doctor),
    /// Have this machine start the relay by itself  安装为系统服务
    Install(Install),
    /// Statistics  统计
    #[command(subcommand)]
    Figures(Figures),
    /// Write rows to a file: CSV, XLSX, GeoJSON  导出
    Export(ExportRows),
    /// How long what is kept, and what is on hold  保存期限
    #[command(subcommand)]
    Retention(Retention),
    /// Operators: add, list, disable, other roles, a new password  操作员
    #[command(subcommand)]
    Operator(Operator),
    /// The audit log: list, verify  审计
    #[command(subcommand)]
    Audit(Audit),
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
    after_help = "Example:\n  suishou serve --dir /srv/suishou\n\nLog: SUISHOU_LOG=debug (default: info), SUISHOU_LOG_FORMAT=json, to standard error.\nEvery key of config.toml can be given in the environment: SUISHOU_LISTEN, SUISHOU_BACKUP_TO …"
)]
pub struct Serve {
    /// Where phones connect; port 0 takes a free one  手机连接的监听地址 [default: from config.toml]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Where the console and the commands connect, this machine only  本机接口地址 [default: from config.toml]
    #[arg(long, value_name = "ADDR:PORT")]
    pub api_listen: Option<SocketAddr>,
    /// Where browsers on other machines connect, by TLS  指挥台监听地址 [default: from config.toml, else none]
    #[arg(long, value_name = "ADDR:PORT")]
    pub console_listen: Option<SocketAddr>,
    /// No TLS, for trying things out: only with a --listen address of this machine alone  仅限本机试用
    #[arg(long)]
    pub insecure_http_on_loopback: bool,
    /// Read the console's built files from a folder, for developing them  指挥台页面目录
    #[arg(long, value_name = "DIR")]
    pub console_dir: Option<PathBuf>,
}

/// `suishou grid …`
#[derive(Debug, Subcommand)]
pub enum Grid {
    /// Take the grids of a GeoJSON file in place of the present ones  导入网格
    #[command(
        after_help = "Each feature is a polygon with the properties id, name and, if wanted, kind and parent\n(or 编号, 名称, 类型, 上级), in WGS-84.\nOpen work of a grid that is not in the file moves by its place; if some of it has none in the\nnew grids, or members work in the old one, nothing changes and the ids are told.\n\nExample:\n  suishou grid import grids.geojson --dry-run\n  suishou grid import grids.geojson"
    )]
    Import(GridImport),
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

/// A map to import.
#[derive(Args, Debug)]
pub struct GridImport {
    /// The file and how to print.
    #[command(flatten)]
    pub import: Import,
    /// Change nothing; show what would be, and which open work would move  只预览，不改变
    #[arg(long)]
    pub dry_run: bool,
}

/// `suishou basemap …`
#[derive(Debug, Subcommand)]
pub enum BaseMap {
    /// Show which one there is  查看
    Show(Format),
    /// Load a file of raster tiles; phones bring it too  导入底图文件
    #[command(
        after_help = "An MBTiles file with PNG, JPEG or WebP tiles, as QGIS writes it (Processing, Generate XYZ tiles (MBTiles)).\n\nExample:\n  suishou basemap load qiaotou.mbtiles"
    )]
    Load(BaseMapFile),
    /// Take tiles from a service, in the console alone  使用在线底图（仅控制台）
    #[command(
        after_help = "Example:\n  suishou basemap address 'https://t0.example.org/img/{z}/{x}/{y}?tk=KEY' --attribution 天地图"
    )]
    Address(BaseMapAddress),
    /// Have none  去掉
    Remove(Format),
}

/// A file of tiles.
#[derive(Args, Debug)]
pub struct BaseMapFile {
    /// The file  文件
    pub file: PathBuf,
    /// Its places are shifted (GCJ-02), as in most maps of the mainland  火星坐标
    #[arg(long)]
    pub gcj02: bool,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// A tile service.
#[derive(Args, Debug)]
pub struct BaseMapAddress {
    /// With {z}, {x} and {y}, and with the township's key  地址
    pub address: String,
    /// Whose data it is, to be shown beside the map  版权说明
    #[arg(long)]
    pub attribution: Option<String>,
    /// Its places are shifted (GCJ-02), as in most maps of the mainland  火星坐标
    #[arg(long)]
    pub gcj02: bool,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou bundle …`
#[derive(Debug, Subcommand)]
pub enum Bundle {
    /// Open a phone's sealed file with the township's key and store what is in it as from that phone  导入
    #[command(
        after_help = "The app of a revoked phone seals what it had not sent into bundle-….sealed before it is wiped.\nOnly this township can open it. Importing it again changes nothing.\nDrafts in it were never sent: they are only counted, unless --drafts writes them to a folder for the person whose phone it was.\n\nExamples:\n  suishou bundle import bundle-3f0c….sealed\n  suishou bundle import bundle-3f0c….sealed --drafts wang-drafts"
    )]
    Import(BundleImport),
}

/// A phone's sealed file.
#[derive(Debug, Args)]
pub struct BundleImport {
    /// The file  文件
    pub file: PathBuf,
    /// Write the drafts in it, with their photos, to this new folder, for the person who began them  草稿另存到文件夹
    #[arg(long, value_name = "FOLDER")]
    pub drafts: Option<PathBuf>,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
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

/// Something by its id.
#[derive(Args, Debug)]
pub struct Named {
    /// Its id, or at least 6 characters of the beginning or end  编号
    pub id: String,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}
