//! Tickets of another system: `external_id,title,text,category,severity,address,grid,latitude,longitude,
//! system,reported_at,contact_name,contact_phone`.

use std::collections::BTreeMap;

use suishou_core::error::Problem;

use super::{Column, Row, at};
use crate::console::intake::TicketForm;

const COLUMNS: [Column; 13] = [
    Column { name: "external_id", chinese: "工单编号", is_needed: true },
    Column { name: "title", chinese: "标题", is_needed: false },
    Column { name: "text", chinese: "内容", is_needed: false },
    Column { name: "category", chinese: "类别", is_needed: false },
    Column { name: "severity", chinese: "轻重", is_needed: false },
    Column { name: "address", chinese: "地址", is_needed: false },
    Column { name: "grid", chinese: "网格", is_needed: false },
    Column { name: "latitude", chinese: "纬度", is_needed: false },
    Column { name: "longitude", chinese: "经度", is_needed: false },
    Column { name: "system", chinese: "坐标系", is_needed: false },
    Column { name: "reported_at", chinese: "时间", is_needed: false },
    Column { name: "contact_name", chinese: "联系人", is_needed: false },
    Column { name: "contact_phone", chinese: "联系电话", is_needed: false },
];

/// Tickets with their lines, and what is wrong in others.
type Read = (Vec<(usize, TicketForm)>, Vec<Problem>);

/// Reads a CSV file. What is wrong in a line is told beside the others, whose content is not looked at yet.
pub(in crate::console) fn read(bytes: &[u8]) -> Result<Read, Vec<Problem>> {
    let rows = super::read(bytes, &COLUMNS)?;
    let mut first = BTreeMap::new();
    let mut problems = Vec::new();
    let mut tickets = Vec::with_capacity(rows.len());
    for (line, row) in rows {
        match ticket(row) {
            Ok(ticket) => {
                if let Some(earlier) = first.insert(ticket.external_id.clone(), line) {
                    let what = "the ticket of line";
                    problems.push(at("line", line, Problem::Twice { what, code: earlier.to_string() }));
                }
                tickets.push((line, ticket));
            }
            Err(problem) => problems.push(at("line", line, problem)),
        }
    }
    Ok((tickets, problems))
}

fn ticket(mut row: Row) -> Result<TicketForm, Problem> {
    let mut take = |column| row.remove(column).filter(|cell| !cell.is_empty());
    let degrees =
        |cell: Option<String>| cell.map(|cell| cell.parse().map_err(|_| Problem::BadPosition)).transpose();
    let mut form = TicketForm {
        external_id: take("external_id").ok_or(Problem::Missing("external_id"))?,
        title: take("title").unwrap_or_default(),
        text: take("text").unwrap_or_default(),
        category: take("category"),
        severity: take("severity"),
        address: take("address").unwrap_or_default(),
        grid: take("grid"),
        latitude: degrees(take("latitude"))?,
        longitude: degrees(take("longitude"))?,
        system: take("system"),
        reported_at: take("reported_at"),
        contact: None,
    };
    form.set_contact(take("contact_name"), take("contact_phone"));
    Ok(form)
}
