//! A grid's overview sheet as one A4 page that needs nothing beside itself: Chinese first, English beneath.

use std::fmt::Write as _;

use suishou_core::model::settings::Settings;

use super::{
    FIGURES,
    grid::{GridSheet, Lines},
};
use crate::{
    times::beijing,
    words::{Lang, Words},
};

const STYLE: &str = "@page{size:A4;margin:14mm}body{font:10.5pt/1.45 'Noto Sans CJK SC','Microsoft YaHei',sans-serif;\
margin:0 auto;max-width:182mm;color:#111}h1{font-size:17pt;margin:0}h2{font-size:11.5pt;margin:4mm 0 1mm;\
border-bottom:1px solid #888}small{color:#555;font-weight:normal;font-size:8.5pt}table{border-collapse:collapse;\
width:100%}td,th{border:1px solid #bbb;padding:.6mm 1.5mm;text-align:left;font-weight:normal}\
th{background:#eee}.late{font-weight:bold}tr{break-inside:avoid}";

/// Puts the page together, piece by piece.
struct Page<'a> {
    html: String,
    settings: &'a Settings,
}

/// The sheet as a page.
pub fn page(sheet: &GridSheet, settings: &Settings) -> String {
    let mut page = Page { html: String::new(), settings };
    let title = format!("{} {}", sheet.name, sheet.grid);
    page.raw("<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>");
    page.text(&title);
    page.raw("</title><style>");
    page.raw(STYLE);
    page.raw("</style></head><body><h1>");
    page.text(&title);
    page.raw(" ");
    page.label(&format!("gridkind.{}", sheet.kind));
    page.raw("</h1><p>");
    page.text(&settings.name);
    if let Some(parent) = &sheet.parent {
        page.raw(" · ");
        page.text(parent.as_str());
    }
    page.raw(" · ");
    page.text(&beijing(sheet.at));
    page.raw("</p>");
    page.people(sheet);
    page.open("sheet.incidents", &sheet.incidents);
    page.open("sheet.tasks", &sheet.tasks);
    page.open("sheet.visits_due", &sheet.visits_due);
    page.places(sheet);
    page.month(sheet);
    page.raw("</body></html>\n");
    page.html
}

impl Page<'_> {
    fn raw(&mut self, html: &str) {
        self.html.push_str(html);
    }

    /// Somebody's words: nothing in them is markup.
    fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '<' => self.html.push_str("&lt;"),
                '>' => self.html.push_str("&gt;"),
                '&' => self.html.push_str("&amp;"),
                '"' => self.html.push_str("&quot;"),
                '\'' => self.html.push_str("&#39;"),
                c => self.html.push(c),
            }
        }
    }

    fn number(&mut self, number: impl std::fmt::Display) {
        let written = write!(self.html, "{number}");
        debug_assert!(written.is_ok(), "writing to memory does not fail");
    }

    fn label(&mut self, key: &str) {
        self.text(Words::of(Lang::Chinese).word(key));
        self.raw(" <small>");
        self.text(Words::of(Lang::English).word(key));
        self.raw("</small>");
    }

    fn heading(&mut self, key: &str) {
        self.raw("<h2>");
        self.label(key);
        self.raw("</h2>");
    }

    /// What the settings call a category, purpose or form; else the code.
    fn named(&mut self, code: &str) {
        let settings = self.settings;
        let categories = settings.categories.iter().map(|known| (known.id.as_str(), &known.name));
        let purposes = settings.purposes.iter().flatten().map(|known| (known.id.as_str(), &known.name));
        let found = categories.chain(purposes).find(|(known, _)| *known == code);
        let form = Words::of(Lang::Chinese).find(&format!("form.{code}"));
        let name = found.map_or(form.unwrap_or(code), |(_, words)| words.zh.as_str()).to_owned();
        self.text(&name);
    }

    fn people(&mut self, sheet: &GridSheet) {
        self.heading("sheet.in_charge");
        for person in &sheet.in_charge {
            self.raw("<div>");
            self.text(&person.name);
            self.raw(" · ");
            self.label(&format!("role.{}", person.role));
            self.raw(" · ");
            self.text(&person.phone);
            self.raw("</div>");
        }
        self.heading("sheet.households");
        self.raw("<table><tr><th>");
        self.label("sheet.households");
        self.raw("</th><th>");
        self.label("sheet.people");
        self.raw("</th>");
        for purpose in sheet.by_purpose.keys() {
            self.raw("<th>");
            self.named(purpose);
            self.raw("</th>");
        }
        self.raw("</tr><tr>");
        for number in [sheet.households, sheet.people].iter().chain(sheet.by_purpose.values()) {
            self.raw("<td>");
            self.number(number);
            self.raw("</td>");
        }
        self.raw("</tr></table>");
    }

    fn open(&mut self, title: &str, lines: &Lines) {
        self.heading(title);
        self.raw("<p>");
        self.number(lines.count);
        self.raw(" · ");
        self.label("sheet.overdue");
        self.raw(" ");
        self.number(lines.overdue);
        self.raw("</p>");
        if lines.first.is_empty() {
            return;
        }
        self.raw("<table>");
        for line in &lines.first {
            self.raw(if line.is_overdue { "<tr class=\"late\"><td>" } else { "<tr><td>" });
            let id = line.document.to_string();
            self.text(id.get(id.len().saturating_sub(8)..).unwrap_or_default());
            self.raw("</td><td>");
            self.named(line.category.as_deref().unwrap_or_default());
            self.raw("</td><td>");
            self.text(&line.due_at.map(beijing).unwrap_or_default());
            if line.is_overdue {
                self.raw(" ");
                self.label("sheet.overdue");
            }
            self.raw("</td></tr>");
        }
        self.raw("</table>");
    }

    fn places(&mut self, sheet: &GridSheet) {
        self.heading("sheet.posts");
        for post in &sheet.posts {
            self.raw("<div>");
            self.text(&post.name);
            self.raw(" · ");
            self.label(&format!("level.{}", post.level.as_str()));
            self.raw(" · ");
            self.text(&post.warning);
            self.raw("</div>");
        }
        self.raw("<p>");
        self.label("sheet.checkpoints");
        self.raw(" ");
        self.text(&sheet.checkpoints.join(" · "));
        self.raw("</p>");
        self.heading("sheet.last_patrol");
        if let Some(patrol) = sheet.last_patrol {
            self.raw("<p>");
            self.text(&beijing(patrol.started_at));
            self.raw(" · ");
            self.number(format_args!("{} m · {} min · ", patrol.distance_m, patrol.minutes));
            self.label("sheet.gaps");
            self.raw(" ");
            self.number(patrol.gaps);
            self.raw("</p>");
        }
    }

    fn month(&mut self, sheet: &GridSheet) {
        self.heading("sheet.month");
        self.raw("<table><tr>");
        let figures = serde_json::to_value(&sheet.figures).unwrap_or_default();
        let shown = FIGURES.iter().filter(|name| !matches!(**name, "shared" | "without_due"));
        for (place, name) in shown.enumerate() {
            if place > 0 && place % 6 == 0 {
                self.raw("</tr><tr>");
            }
            self.raw("<td>");
            self.label(&format!("fig.{name}"));
            self.raw("<br>");
            match figures.get(name) {
                Some(serde_json::Value::Number(number)) => self.number(number),
                _ => self.raw("–"),
            }
            self.raw("</td>");
        }
        self.raw("</tr></table><p>");
        self.label("sheet.patrols");
        let (patrols, visits) = (&sheet.patrols, &sheet.visits);
        self.number(format_args!(
            " {} · {} m · {} min · ",
            patrols.count, patrols.distance_m, patrols.minutes
        ));
        self.label("sheet.visits");
        self.number(format_args!(" {} ({})", visits.count, visits.met));
        self.raw("</p>");
    }
}
