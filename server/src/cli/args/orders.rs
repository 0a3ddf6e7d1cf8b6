//! Tasks, warnings and notices on the command line.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Format, Named};

/// Whom something is for; the parts add up.
#[derive(Args, Clone, Debug)]
pub struct Audience {
    /// Everyone in the township  所有人
    #[arg(long, help_heading = "For whom  对象")]
    pub everyone: bool,
    /// Those who work in this grid or within it; may be given several times  网格
    #[arg(long = "grid", value_name = "GRID", help_heading = "For whom  对象")]
    pub grids: Vec<String>,
    /// This person, by number; may be given several times  人员编号
    #[arg(long = "member", value_name = "MEMBER", help_heading = "For whom  对象")]
    pub members: Vec<String>,
    /// Those of this department; may be given several times  部门
    #[arg(long = "department", value_name = "DEPARTMENT", help_heading = "For whom  对象")]
    pub departments: Vec<String>,
    /// Those with this role; may be given several times  角色
    #[arg(long = "role", value_name = "ROLE", help_heading = "For whom  对象",
        value_parser = ["member", "leader", "informant", "handler", "dispatcher"])]
    pub roles: Vec<String>,
}

/// Which of a list, newest first.
#[derive(Args, Clone, Debug)]
pub struct Which {
    /// Only in these states, with commas between; `open` for all with something left to do  状态
    #[arg(long, value_name = "STATE,…")]
    pub state: Option<String>,
    /// Only in this grid and within it  网格
    #[arg(long)]
    pub grid: Option<String>,
    /// Only by this person, or with this person to act  人员编号
    #[arg(long)]
    pub member: Option<String>,
    /// At most so many  条数
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub limit: u16,
    /// Those before this place, from the list's JSON (`seq`)  上一页末尾的序号
    #[arg(long, value_name = "SEQ")]
    pub before: Option<u64>,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou task …`
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  suishou task give --form errand --title 查看河道 --grid g1 --due 2026-01-31T18:00
  suishou task give --form evacuation --title 河边住户转移 --items 住户.csv --shelter 镇小学 --role member
  suishou task mark 7c1f09ab --item 3 --state moved --shelter 1 --member m001
  suishou task answer 7c1f09ab --member m001 --answer arrived
  suishou task list --state open --form muster

Times without an offset are Beijing time.")]
pub enum Task {
    /// Give an order: errand, reminder, plan, inspection list, muster, evacuation list, relief case  下达
    Give(Box<TaskGive>),
    /// List tasks, newest first  列出任务
    List(TaskList),
    /// Show one with its items, answers and who is missing  查看
    Show(Named),
    /// Say that it is done to satisfaction  办结
    Close(Deed),
    /// Call it off  取消
    Cancel(Deed),
    /// Take it up again  重新办理
    Reopen(Deed),
    /// Say what became of an item, for whoever telephoned  标记一项
    Mark(Mark),
    /// Answer for a member who telephoned  代为答复
    Answer(Answer),
}

/// `suishou task give`
#[derive(Args, Debug)]
#[command(after_help = "Columns of the items' file: text,address,people (or 内容,地址,人数).")]
pub struct TaskGive {
    /// What sort of order  类型
    #[arg(long, value_parser = ["errand", "reminder", "plan", "inspection", "muster", "evacuation", "relief"])]
    pub form: String,
    /// In a line  标题
    #[arg(long)]
    pub title: String,
    /// In words  内容
    #[arg(long, allow_hyphen_values = true)]
    pub text: Option<String>,
    /// Whom it is for.
    #[command(flatten)]
    pub audience: Audience,
    /// To be done by then, such as 2026-01-31T18:00  截止时间
    #[arg(long, value_name = "TIME")]
    pub due: Option<String>,
    /// Counts from then on  开始时间
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// The list, as CSV  清单文件
    #[arg(long, value_name = "FILE.csv")]
    pub items: Option<PathBuf>,
    /// Where people are taken; may be given several times  安置点
    #[arg(long = "shelter", value_name = "NAME")]
    pub shelters: Vec<String>,
    /// Finishing it takes a photo  须拍照
    #[arg(long)]
    pub proof: bool,
    /// The incident, visit or warning it came from, by its whole id  来源编号
    #[arg(long, value_name = "ID")]
    pub source: Option<String>,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou task list`
#[derive(Args, Debug)]
pub struct TaskList {
    /// Only of this sort  类型
    #[arg(long)]
    pub form: Option<String>,
    /// Only what is overdue  已超时
    #[arg(long)]
    pub overdue: bool,
    /// Which.
    #[command(flatten)]
    pub which: Which,
}

/// A word about something by its id.
#[derive(Args, Debug)]
pub struct Deed {
    /// Its id, or at least 6 characters of the beginning or end  编号
    pub id: String,
    /// Why, by its short name  理由
    #[arg(long)]
    pub reason: Option<String>,
    /// A remark beside it  备注
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub remark: Option<String>,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou task mark`
#[derive(Args, Debug)]
pub struct Mark {
    /// The item's number  项号
    #[arg(long)]
    pub item: u16,
    /// What became of it  结果
    #[arg(long, value_parser = ["open", "done", "faulty", "moved", "elsewhere", "absent", "refused"])]
    pub state: String,
    /// Moved: to which shelter, by its number from `show`  安置点号
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub shelter: Option<u8>,
    /// Who says so; the command centre if nobody is named  人员编号
    #[arg(long)]
    pub member: Option<String>,
    /// The rest.
    #[command(flatten)]
    pub deed: Deed,
}

/// `suishou task answer`
#[derive(Args, Debug)]
pub struct Answer {
    /// Who telephoned  人员编号
    #[arg(long)]
    pub member: String,
    /// What they said  答复
    #[arg(long, value_parser = ["accepted", "declined", "arrived", "finished"])]
    pub answer: String,
    /// The rest.
    #[command(flatten)]
    pub deed: Deed,
}

/// `suishou warning …`
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  suishou warning issue --hazard flood --level yellow --title 暴雨预警 --text 注意避险 --until 2026-07-01T20:00 --everyone
  suishou warning raise 7c1f09ab --level red --until 2026-07-02T08:00
  suishou warning end 7c1f09ab

Times without an offset are Beijing time. Hazards: suishou settings show.")]
pub enum Warning {
    /// Issue a warning  发布
    Issue(Box<WarningIssue>),
    /// To a higher level  升级
    Raise(WarningSet),
    /// To a lower level  降级
    Lower(WarningSet),
    /// Until another time  延长
    Extend(WarningExtend),
    /// End it before its time  解除
    End(Deed),
    /// List warnings, newest first  列出预警
    List(WarningList),
    /// Show one with its issues, posts and who has read it  查看
    Show(Named),
}

/// `suishou warning issue`
#[derive(Args, Debug)]
#[command(
    after_help = "Columns of the posts' file: name,grid,member,latitude,longitude (or 名称,网格,人员,纬度,经度)."
)]
pub struct WarningIssue {
    /// What it is about, by its short name  灾种
    #[arg(long)]
    pub hazard: String,
    /// How bad: blue 蓝, yellow 黄, orange 橙, red 红  级别
    #[arg(long, value_parser = ["blue", "yellow", "orange", "red"])]
    pub level: String,
    /// In a line  标题
    #[arg(long)]
    pub title: String,
    /// What to do  内容
    #[arg(long, allow_hyphen_values = true)]
    pub text: String,
    /// In force until then  截止时间
    #[arg(long, value_name = "TIME")]
    pub until: String,
    /// In force from then on; now if not given  开始时间
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Whom it is for.
    #[command(flatten)]
    pub audience: Audience,
    /// The places to watch, as CSV  值守点文件
    #[arg(long, value_name = "FILE.csv")]
    pub posts: Option<PathBuf>,
    /// Ask those who watch how it is there  要求报告
    #[arg(long)]
    pub ask_report: bool,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou warning raise|lower`
#[derive(Args, Debug)]
pub struct WarningSet {
    /// To which level  级别
    #[arg(long, value_parser = ["blue", "yellow", "orange", "red"])]
    pub level: String,
    /// In force until then; as before if not given  截止时间
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// The rest.
    #[command(flatten)]
    pub deed: Deed,
}

/// `suishou warning extend`
#[derive(Args, Debug)]
pub struct WarningExtend {
    /// In force until then  截止时间
    #[arg(long, value_name = "TIME")]
    pub until: String,
    /// The rest.
    #[command(flatten)]
    pub deed: Deed,
}

/// `suishou warning list`
#[derive(Args, Debug)]
pub struct WarningList {
    /// Only about this hazard  灾种
    #[arg(long)]
    pub hazard: Option<String>,
    /// Which.
    #[command(flatten)]
    pub which: Which,
}

/// `suishou notice …`
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  suishou notice publish --title 医保缴费 --text 本月底截止 --theme relief --everyone --ask-read
  suishou notice answer 7c1f09ab 可以在手机上办理 --to 1
  suishou notice withdraw 7c1f09ab")]
pub enum Notice {
    /// Publish one  发布
    Publish(Box<NoticePublish>),
    /// List notices, newest first  列出宣传
    List(NoticeList),
    /// Show one with its readers and questions  查看
    Show(Named),
    /// It holds no more  撤回
    Withdraw(Deed),
    /// Answer a question, or say something to all who see it  回答
    Answer(NoticeAnswer),
}

/// `suishou notice publish`
#[derive(Args, Debug)]
pub struct NoticePublish {
    /// In a line  标题
    #[arg(long)]
    pub title: String,
    /// In words that people use  内容
    #[arg(long, allow_hyphen_values = true)]
    pub text: Option<String>,
    /// The theme that it is part of, by its short name  主题
    #[arg(long)]
    pub theme: Option<String>,
    /// Whom it is for.
    #[command(flatten)]
    pub audience: Audience,
    /// To be passed on from then  开始时间
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// To be passed on until then  截止时间
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Ask everyone to say that they have read it  要求回执
    #[arg(long)]
    pub ask_read: bool,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}

/// `suishou notice list`
#[derive(Args, Debug)]
pub struct NoticeList {
    /// Only of this theme  主题
    #[arg(long)]
    pub theme: Option<String>,
    /// Which.
    #[command(flatten)]
    pub which: Which,
}

/// `suishou notice answer`
#[derive(Args, Debug)]
pub struct NoticeAnswer {
    /// The notice's id, or at least 6 characters of the beginning or end  编号
    pub id: String,
    /// What to say  内容
    #[arg(allow_hyphen_values = true)]
    pub text: String,
    /// Which question it answers, by its number from `show`  问题号
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    pub to: Option<u16>,
    /// How to print.
    #[command(flatten)]
    pub format: Format,
}
