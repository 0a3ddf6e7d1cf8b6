//! Incidents on the command line.

use clap::{Args, Subcommand};

use super::{Format, Named};

/// `suishou incident …`
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  suishou incident list --state open
  suishou incident show 7c1f09ab
  suishou incident accept 7c1f09ab --severity high
  suishou incident dispatch 7c1f09ab --to police,market --due-hours 24 --remark 请尽快处理
  suishou incident resolve 7c1f09ab --remark 已查封
  suishou incident dispatch 7c1f09ab --to police=4,market=2026-02-01T18:00+08:00
  suishou incident close 7c1f09ab --template fixed")]
pub enum Incident {
    /// List incidents, newest first  列出事件
    List(IncidentList),
    /// Show one with its history, remarks and photos  查看
    Show(Named),
    /// Take down what somebody said on the telephone  代为上报
    Report(Box<Report>),
    /// Take it on  受理
    Accept(Step),
    /// Order departments or a person to handle it  派遣
    Dispatch(Dispatch),
    /// Say that somebody is on it  处置
    Handle(OfDispatch),
    /// Hand it back  退回
    Return(ReturnStep),
    /// Refuse it, with a reason that the reporter reads  不予受理
    Reject(Reject),
    /// Say that the work is done  处置完成
    Resolve(OfDispatch),
    /// Say that somebody looked that it is done  核查
    Verify(Step),
    /// Close it; the reporter is answered  办结
    Close(Close),
    /// Remind those who have to act  督办
    Remind(OfDispatch),
    /// Say that it is the same as another  重复
    Duplicate(Duplicate),
    /// Say of several that they repeat one: when that is closed they get the same answer  合并
    Merge(Merge),
    /// Take it up again  重新办理
    Reopen(Reopen),
    /// Correct category, severity or grid, or choose among values that stand side by side  更正
    Correct(Correct),
    /// Write a remark that everyone reads who sees the incident  备注
    Note(Note),
}

/// `suishou incident list`
#[derive(Args, Debug)]
pub struct IncidentList {
    /// Only in these states, with commas between; `open` for all that are not settled  状态
    #[arg(long, value_name = "STATE,…")]
    pub state: Option<String>,
    /// Only in this grid and within it  网格
    #[arg(long)]
    pub grid: Option<String>,
    /// Only with an open dispatch to this department  部门
    #[arg(long)]
    pub department: Option<String>,
    /// Only of this category  类别
    #[arg(long)]
    pub category: Option<String>,
    /// Only by this person, or with this person to act  人员编号
    #[arg(long)]
    pub member: Option<String>,
    /// Only complaints or only suggestions  投诉、建议
    #[arg(long, value_parser = ["complaint", "suggestion"])]
    pub matter: Option<String>,
    /// Only what was taken over from this system, as `intake source list` names it  来源
    #[arg(long)]
    pub source: Option<String>,
    /// Only what was reported in confidence  匿名
    #[arg(long)]
    pub anonymous: bool,
    /// Only what is overdue  已超时
    #[arg(long)]
    pub overdue: bool,
    /// Those before this place, from the list's JSON (`seq`)  上一页末尾的序号
    #[arg(long, value_name = "SEQ")]
    pub before: Option<u64>,
    /// At most so many  条数
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub limit: u16,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou incident report`
#[derive(Args, Debug)]
pub struct Report {
    /// What was said  内容
    #[arg(long, allow_hyphen_values = true)]
    pub text: String,
    /// What it is about, by its short name  类别
    #[arg(long)]
    pub category: String,
    /// How much it matters  轻重
    #[arg(long, default_value = "normal", value_parser = ["low", "normal", "high", "urgent"])]
    pub severity: String,
    /// Where it belongs  网格
    #[arg(long)]
    pub grid: Option<String>,
    /// A complaint or suggestion about the work itself  投诉、建议
    #[arg(long, value_parser = ["complaint", "suggestion"])]
    pub matter: Option<String>,
    /// In confidence: only those see it to whom it is dispatched  匿名
    #[arg(long)]
    pub anonymous: bool,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou incident merge`
#[derive(Args, Debug)]
pub struct Merge {
    /// Those that repeat it, by their ids  重复的事件编号
    #[arg(required = true, value_name = "OTHER")]
    pub others: Vec<String>,
    /// The one that is worked on  主事件编号
    #[arg(long, value_name = "PRIMARY")]
    pub into: String,
    /// A remark, which those read who see the others  备注
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub remark: Option<String>,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// What every step may bring along.
#[derive(Args, Debug)]
pub struct Step {
    /// The incident's id, or at least 6 characters of the beginning or end  事件编号
    pub id: String,
    /// A remark beside it, which everyone reads who sees the incident  备注
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub remark: Option<String>,
    /// Correct the category  更正类别
    #[arg(long)]
    pub category: Option<String>,
    /// Correct how much it matters: low, normal, high, urgent  更正轻重
    #[arg(long, value_parser = ["low", "normal", "high", "urgent"])]
    pub severity: Option<String>,
    /// Correct the grid  更正网格
    #[arg(long)]
    pub grid: Option<String>,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou incident correct`
#[derive(Args, Debug)]
pub struct Correct {
    /// Which, and what to correct.
    #[command(flatten)]
    pub step: Step,
    /// Keep the state that stands, where others chose another one at the same time  保留当前状态
    #[arg(long)]
    pub keep_state: bool,
}

/// `suishou incident dispatch`
#[derive(Args, Debug)]
pub struct Dispatch {
    /// The departments, with commas between; each may have its own hours or time  部门
    #[arg(
        long,
        value_name = "DEPARTMENT[=HOURS|TIME],…",
        value_delimiter = ',',
        required_unless_present = "member"
    )]
    pub to: Vec<String>,
    /// A person  人员编号
    #[arg(long)]
    pub member: Option<String>,
    /// To be done within so many hours  限时 [default: by category and severity]
    #[arg(long, value_name = "HOURS", conflicts_with = "due_at")]
    pub due_hours: Option<u16>,
    /// To be done by then, such as 2026-01-31T18:00+08:00  截止时间
    #[arg(long, value_name = "TIME")]
    pub due_at: Option<String>,
    /// What every step may bring along.
    #[command(flatten)]
    pub step: Step,
}

/// `suishou incident close`
#[derive(Args, Debug)]
pub struct Close {
    /// The answer that the reporter reads, by its short name, such as fixed; see settings show  答复模板
    #[arg(long, value_name = "ANSWER")]
    pub template: Option<String>,
    /// What every step may bring along.
    #[command(flatten)]
    pub step: Step,
}

/// A step about one of several dispatches.
#[derive(Args, Debug)]
pub struct OfDispatch {
    /// Which dispatch it is about, if not all that are open: its id from `show`  派遣编号
    #[arg(long, value_name = "STEP")]
    pub dispatch: Option<String>,
    /// What every step may bring along.
    #[command(flatten)]
    pub step: Step,
}

/// `suishou incident return`
#[derive(Args, Debug)]
pub struct ReturnStep {
    /// Why, by its short name  理由
    #[arg(long)]
    pub reason: Option<String>,
    /// The rest.
    #[command(flatten)]
    pub of: OfDispatch,
}

/// `suishou incident reject`
#[derive(Args, Debug)]
pub struct Reject {
    /// Why, by its short name, such as outside or unclear  理由
    #[arg(long)]
    pub reason: String,
    /// What every step may bring along.
    #[command(flatten)]
    pub step: Step,
}

/// `suishou incident duplicate`
#[derive(Args, Debug)]
pub struct Duplicate {
    /// The incident that it repeats  原事件编号
    #[arg(long, value_name = "ID")]
    pub of: String,
    /// What every step may bring along.
    #[command(flatten)]
    pub step: Step,
}

/// `suishou incident reopen`
#[derive(Args, Debug)]
pub struct Reopen {
    /// Why, by its short name  理由
    #[arg(long)]
    pub reason: Option<String>,
    /// What every step may bring along.
    #[command(flatten)]
    pub step: Step,
}

/// `suishou incident note`
#[derive(Args, Debug)]
pub struct Note {
    /// The incident's id, or at least 6 characters of the beginning or end  事件编号
    pub id: String,
    /// What to say  内容
    #[arg(allow_hyphen_values = true)]
    pub text: String,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}
