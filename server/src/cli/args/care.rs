//! Households, visits, settings and checkpoints on the command line.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Format, Import, Named, orders::Deed, orders::Which};

/// `suishou household …`
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  suishou household add --name 李奶奶 --address 桥头3号 --purpose alone --every-days 14 --grid g1
  suishou household import 走访对象.csv
  suishou household list --overdue")]
pub enum Household {
    /// Put a person or home on the list  新增
    Add(Box<HouseholdAdd>),
    /// Add those of a CSV file, or change those known by name and address  导入
    #[command(
        after_help = "Columns: name,address,phone,people,purposes,needs,every_days,grid,latitude,longitude\n(or 姓名,地址,电话,人数,对象类别,需求,走访间隔天数,网格,纬度,经度); several purposes with ; between."
    )]
    Import(Import),
    /// List households, newest first  列出走访对象
    List(HouseholdList),
    /// Show one with its cards and visits  查看
    Show(Named),
    /// No longer looked after  结束
    End(Deed),
}

/// `suishou household add`
#[derive(Args, Debug)]
pub struct HouseholdAdd {
    /// What they are called  姓名
    #[arg(long)]
    pub name: String,
    /// Where they live  地址
    #[arg(long)]
    pub address: Option<String>,
    /// How to reach them  电话
    #[arg(long)]
    pub phone: Option<String>,
    /// How many live there  人数
    #[arg(long, default_value_t = 1)]
    pub people: u16,
    /// Why they are visited, by its short name; may be given several times  对象类别
    #[arg(long = "purpose", value_name = "PURPOSE")]
    pub purposes: Vec<String>,
    /// What they need  需求
    #[arg(long, allow_hyphen_values = true)]
    pub needs: Option<String>,
    /// Days from one visit to the next  走访间隔天数
    #[arg(long, value_name = "DAYS", default_value_t = 0)]
    pub every_days: u16,
    /// Their grid  网格
    #[arg(long)]
    pub grid: Option<String>,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou household list`
#[derive(Args, Debug)]
pub struct HouseholdList {
    /// Only for this purpose  对象类别
    #[arg(long)]
    pub purpose: Option<String>,
    /// Only those whose visit is overdue  已超时
    #[arg(long)]
    pub overdue: bool,
    /// Which.
    #[command(flatten)]
    pub which: Which,
}

/// `suishou visit …`
#[derive(Debug, Subcommand)]
pub enum Visit {
    /// List visits, newest first  列出走访
    List(VisitList),
    /// Show one with its answers  查看
    Show(Named),
}

/// `suishou visit list`
#[derive(Args, Debug)]
pub struct VisitList {
    /// Only at this household, by its id or a part of it  走访对象编号
    #[arg(long, value_name = "ID")]
    pub household: Option<String>,
    /// Only for this purpose  对象类别
    #[arg(long)]
    pub purpose: Option<String>,
    /// Which.
    #[command(flatten)]
    pub which: Which,
}

/// `suishou settings …`
#[derive(Debug, Subcommand)]
#[command(
    after_help = "The file holds categories, due hours, reasons, departments, checkpoints, purposes, forms,
hazards and themes; grids have a map file (grid export, grid import).

Example:
  suishou settings export settings.json
  (edit 修改)
  suishou settings import settings.json"
)]
pub enum Settings {
    /// Show what is set  查看
    Show(Format),
    /// Write the settings to a file  导出
    Export(Export),
    /// Take a file in place of the present settings, as a new version  导入
    Import(Import),
    /// List all versions  历史
    History(Format),
    /// Tell what changed from one version to another  比较
    Diff(Diff),
}

/// `suishou settings export`, `suishou grid export`
#[derive(Args, Debug)]
pub struct Export {
    /// The file  文件
    pub file: PathBuf,
    /// An older version, by its number  版本
    #[arg(long)]
    pub version: Option<u64>,
}

/// `suishou grid export`
#[derive(Args, Debug)]
pub struct MapExport {
    /// The file  文件
    pub file: PathBuf,
}

/// `suishou settings diff`
#[derive(Args, Debug)]
pub struct Diff {
    /// The older version  旧版本
    pub old: u64,
    /// The newer version  新版本
    pub new: u64,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou checkpoint …`
#[derive(Debug, Subcommand)]
pub enum Checkpoint {
    /// Add or change the checkpoints of a CSV file  导入巡查点
    #[command(
        after_help = "Columns: id,name,latitude,longitude,grid (or 编号,名称,纬度,经度,网格), WGS-84.\n\nExample:\n  suishou checkpoint import checkpoints.csv"
    )]
    Import(Import),
    /// List the checkpoints  列出巡查点
    List(Format),
}
