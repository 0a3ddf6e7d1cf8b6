//! The front page of `--help`: the commands in the groups in which a township meets them.

use clap::{Command, CommandFactory, FromArgMatches};

use super::args::Cli;

const GROUPS: &[(&str, &[&str])] = &[
    ("Set up  建镇", &["township", "serve", "status", "watch"]),
    (
        "The township  网格、部门、人员",
        &["grid", "department", "member", "checkpoint", "settings", "basemap"],
    ),
    ("The command centre  操作员、审计", &["operator", "audit"]),
    ("Phones  手机", &["enrol", "device", "bundle"]),
    ("Work  事件、巡查、走访", &["incident", "patrol", "household", "visit", "held"]),
    ("Other systems  外部系统", &["intake", "webhook"]),
    ("Orders  任务、预警、宣传", &["task", "warning", "notice"]),
    ("Figures  统计、导出", &["figures", "export"]),
    ("Identities  身份、个人信息", &["identity", "reveal", "subject"]),
    ("Keeping it  运行维护", &["backup", "restore", "check", "doctor", "install", "retention"]),
];

const EXAMPLES: &str = "First steps  入门:
  suishou township init --name 金华镇 --dir /srv/suishou
  suishou serve --dir /srv/suishou
  export SUISHOU_DIR=/srv/suishou          (in another window 另开一个窗口)
  suishou grid import grids.geojson
  suishou department import departments.csv
  suishou member import members.csv
  suishou enrol m001

All commands but `township init` and `serve` ask the running relay.
Exit codes: 0 done, 1 refused or failed, 2 wrong usage.";

/// The command with its grouped front page.
pub(super) fn command() -> Command {
    let command = Cli::command();
    let mut groups = String::new();
    for (title, names) in GROUPS {
        let commands = names.iter().filter_map(|name| command.find_subcommand(name)).map(|command| {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            format!("  {:<11} {about}\n", command.get_name())
        });
        groups.extend([title, ":\n"].map(str::to_owned).into_iter().chain(commands).chain(["\n".to_owned()]));
    }
    let template = format!(
        "{{about}}\n\nUsage: suishou [OPTIONS] <COMMAND>\n\n{groups}Options:\n{{options}}{{after-help}}"
    );
    command.help_template(template).after_help(EXAMPLES)
}

/// Reads the arguments.
pub(super) fn parse(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Cli, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(arguments)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_sound_and_each_has_its_group() {
        command().debug_assert();
        for known in Cli::command().get_subcommands() {
            let groups = GROUPS.iter().filter(|(_, names)| names.contains(&known.get_name()));
            assert_eq!(groups.count(), 1, "{}", known.get_name());
        }
        assert!(command().render_help().to_string().contains("  enrol       Codes with which"));
    }

    #[test]
    fn every_command_line_of_the_documents_is_one() {
        let mut lines = 0;
        for document in ["../docs/operating.md", "../README.md"] {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
            let text = std::fs::read_to_string(path).unwrap();
            let in_blocks = text.lines().map(str::trim).filter_map(|line| {
                let line = line.strip_prefix("sudo ").unwrap_or(line);
                line.starts_with("suishou ").then_some(line)
            });
            let in_text = text
                .split('`')
                .skip(1)
                .step_by(2)
                .filter(|code| code.starts_with("suishou ") && !code.contains(['\n', '…']));
            for line in in_blocks.chain(in_text) {
                let words = line.split(" #").next().unwrap_or_default().split_whitespace();
                if let Err(error) = parse(words.map(Into::into)) {
                    let is_group =
                        error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
                    assert!(is_group, "{document}: {line}: {error}");
                }
                lines += 1;
            }
        }
        assert!(lines > 25, "{lines}");
    }

    #[test]
    fn what_belongs_together_is_asked_for_together() {
        let parse = |line: &str| parse(line.split(' ').map(Into::into));
        assert!(
            parse("suishou incident dispatch abcdef --to police,market --due-hours 24 --remark 请尽快")
                .is_ok()
        );
        assert!(parse("suishou incident dispatch abcdef").is_err());
        assert!(parse("suishou incident reject abcdef").is_err());
        assert!(parse("suishou enrol m1 --valid-hours 0").is_err());
        assert!(parse("suishou incident list --json --dir x").is_ok());
    }
}
