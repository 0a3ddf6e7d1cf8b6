//! Core's broken rules in the operator's language.

use suishou_core::error::Problem;

use super::Words;

impl Words {
    /// One broken rule, for the person who can mend it.
    pub fn problem(&self, problem: &Problem) -> String {
        match problem {
            Problem::WrongLength { expected, found } => {
                self.say("problem.wrong_length", &[("expected", expected), ("found", found)])
            }
            Problem::NotHex => self.word("problem.not_hex").to_owned(),
            Problem::BadCode => self.word("problem.bad_code").to_owned(),
            Problem::Malformed("UTF-8") => self.word("problem.not_utf8").to_owned(),
            Problem::Malformed(what) if self.find(&format!("rule.{what}")).is_some() => {
                self.say(&format!("rule.{what}"), &[])
            }
            Problem::Malformed(what) => self.say("problem.malformed", &[("what", &self.what(what))]),
            Problem::UnknownVersion { what, found, known } => self.say(
                "problem.unknown_version",
                &[("what", &self.what(what)), ("found", found), ("known", known)],
            ),
            Problem::TooLarge { what, found, limit } => self
                .say("problem.too_large", &[("what", &self.what(what)), ("found", found), ("limit", limit)]),
            Problem::Missing(what) => self.say("problem.missing", &[("what", &self.what(what))]),
            Problem::BadPosition => self.word("problem.bad_position").to_owned(),
            Problem::SwappedAxes => self.word("problem.swapped_axes").to_owned(),
            Problem::NotWgs84 => self.word("problem.not_wgs84").to_owned(),
            Problem::BadRing => self.word("problem.bad_ring").to_owned(),
            Problem::BadName => self.word("problem.bad_name").to_owned(),
            Problem::Cycle { what, code } => {
                self.say("problem.cycle", &[("what", &self.what(what)), ("code", code)])
            }
            Problem::Twice { what, code } => {
                self.say("problem.twice", &[("what", &self.what(what)), ("code", code)])
            }
            Problem::Unknown { what, code } => {
                self.say("problem.unknown", &[("what", &self.what(what)), ("code", code)])
            }
            Problem::InUse { what, code, count } => {
                self.say("problem.in_use", &[("what", &self.what(what)), ("code", code), ("count", count)])
            }
            Problem::NotAPhoto => self.word("problem.not_a_photo").to_owned(),
            Problem::At { what, number, problem } => self.say(
                "problem.at",
                &[("what", &self.what(what)), ("number", number), ("problem", &self.problem(problem))],
            ),
            other => other.to_string(),
        }
    }

    /// A thing that core names; without its article, if this language has no other word.
    fn what<'a>(&'a self, what: &'a str) -> &'a str {
        let bare = what.strip_prefix("the ").unwrap_or(what);
        self.find(&format!("what.{bare}")).unwrap_or(bare)
    }
}

#[cfg(test)]
mod tests {
    use crate::words::{Lang, Words};

    use super::*;

    #[test]
    fn a_bad_line_reads_well_in_both_languages() {
        let problem = Problem::At {
            what: "line",
            number: 3,
            problem: Box::new(Problem::Unknown { what: "the grid", code: "g9".to_owned() }),
        };
        assert_eq!(Words::of(Lang::Chinese).problem(&problem), "第 3 行：没有这个网格：g9");
        assert_eq!(Words::of(Lang::English).problem(&problem), "line 3: there is no grid g9");
    }
}
