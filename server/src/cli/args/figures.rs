//! Statistics, exports and retention on the command line.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Format, Named};

/// From when until when.
#[derive(Args, Debug)]
pub struct When {
    /// From this day or moment on, Beijing time  起始日期
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    /// Until the end of this day, or this moment  截止日期
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
}

/// `suishou figures …`
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  suishou figures show --by department --from 2026-01-01 --to 2026-01-31
  suishou figures published --from 2026-01-01
  suishou figures grid g1 --html g1.html")]
pub enum Figures {
    /// What became of what came in, by grid, category, department, source, day, week or month  闭环统计
    Show(FiguresOf),
    /// The counts that townships publish  对外公布数字
    Published(FiguresPublished),
    /// One page about a grid, to print  微网格一览表
    Grid(FiguresGrid),
    /// What each figure means  口径
    Definitions(Format),
}

/// `suishou figures show`
#[derive(Args, Debug)]
pub struct FiguresOf {
    /// By what  分组
    #[arg(long, default_value = "category", value_parser = ["grid", "category", "department", "source", "day", "week", "month"])]
    pub by: String,
    /// When.
    #[command(flatten)]
    pub when: When,
    /// Only this grid and those within it  网格
    #[arg(long)]
    pub grid: Option<String>,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou figures published`
#[derive(Args, Debug)]
pub struct FiguresPublished {
    /// When.
    #[command(flatten)]
    pub when: When,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou figures grid`
#[derive(Args, Debug)]
pub struct FiguresGrid {
    /// The grid's number  网格编号
    pub grid: String,
    /// Write the page to this file  保存为网页，可打印
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou export`
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  suishou export incidents --format xlsx --from 2026-01-01 --out 事件.xlsx
  suishou export incidents --excel --out 事件.csv
  suishou export figures --by grid --out 统计.csv
  suishou export visits --columns")]
pub struct ExportRows {
    /// What  内容
    #[arg(value_parser = ["incidents", "patrols", "tasks", "visits", "warnings", "figures"])]
    pub what: String,
    /// As which file; geojson for all but figures  格式
    #[arg(long, default_value = "csv", value_parser = ["csv", "xlsx", "geojson"])]
    pub format: String,
    /// CSV that Excel opens by a double click: words instead of codes  供 Excel 打开
    #[arg(long)]
    pub excel: bool,
    /// Figures: by what  统计分组
    #[arg(long, value_parser = ["grid", "category", "department", "source", "day", "week", "month"])]
    pub by: Option<String>,
    /// When.
    #[command(flatten)]
    pub when: When,
    /// The file  文件
    #[arg(long, value_name = "FILE", required_unless_present = "columns")]
    pub out: Option<PathBuf>,
    /// Only say what the columns mean  列说明
    #[arg(long)]
    pub columns: bool,
}

/// `suishou retention …`
#[derive(Debug, Subcommand)]
#[command(after_help = "Open work, held entries and what is on hold are never touched.

Examples:
  suishou retention set visits 24
  suishou retention run --dry-run
  suishou retention hold 3f0c12ab --reason 信访复查")]
pub enum Retention {
    /// How long each kind is kept, what is on hold, the last runs  查看
    Show(Format),
    /// Keep a kind so many months (tracks: days); 0 keeps it for ever  设置
    Set(RetentionSet),
    /// Take out what is due  执行
    Run(RetentionRun),
    /// Keep a document whatever the rules say  保全
    Hold(RetentionHold),
    /// End a hold  解除保全
    Release(Named),
}

/// `suishou retention set`
#[derive(Args, Debug)]
pub struct RetentionSet {
    /// What  种类
    #[arg(value_parser = ["incidents", "media", "contacts", "patrols", "tracks", "visits", "households", "tasks", "warnings", "notices"])]
    pub kind: String,
    /// Months, or days for tracks; 0 for ever  月数（轨迹为天数），0 为永久
    pub amount: u64,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou retention run`
#[derive(Args, Debug)]
pub struct RetentionRun {
    /// Only say what would go  只看不删
    #[arg(long)]
    pub dry_run: bool,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou retention hold`
#[derive(Args, Debug)]
pub struct RetentionHold {
    /// The document's id or a part of it  编号
    pub document: String,
    /// Why  理由
    #[arg(long)]
    pub reason: String,
}
