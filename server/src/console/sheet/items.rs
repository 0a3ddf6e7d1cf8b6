//! The items of a task: `text,address,people`.

use suishou_core::{error::Problem, model::task::TaskItem};

use super::{Column, at, number};

const COLUMNS: [Column; 3] = [
    Column { name: "text", chinese: "内容", is_needed: true },
    Column { name: "address", chinese: "地址", is_needed: false },
    Column { name: "people", chinese: "人数", is_needed: false },
];

/// Reads a CSV file; all of it or nothing. Items are numbered from 1 in the file's order.
pub(in crate::console) fn read(bytes: &[u8]) -> Result<Vec<TaskItem>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut items = Vec::new();
    for (line, mut row) in super::read(bytes, &COLUMNS)? {
        let mut found = Vec::new();
        let mut take = |column| row.remove(column).unwrap_or_default();
        let text = take("text");
        if text.is_empty() {
            found.push(Problem::Missing("text"));
        }
        let address = take("address");
        let people = number(&take("people"), "a number of people", 0, &mut found);
        let Ok(id) = u16::try_from(items.len() + 1) else {
            let (found, limit) = (items.len() as u64 + 1, u16::MAX.into());
            return Err(vec![Problem::TooLarge { what: "the number of items", found, limit }]);
        };
        items.push(TaskItem { id, text, address, people });
        problems.extend(found.into_iter().map(|problem| at("line", line, problem)));
    }
    if problems.is_empty() { Ok(items) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_in_either_language_are_numbered_and_faults_are_told() {
        let items = read("内容,地址,人数\n张三家,河边1号,4\n灭火器,,\n".as_bytes()).unwrap();
        assert_eq!((items[0].id, items[0].people, items[1].id, items[1].people), (1, 4, 2, 0));
        assert_eq!(items, read("text,address,people\n张三家,河边1号,4\n灭火器,,\n".as_bytes()).unwrap());
        let bad = read("text,people\n,1\nx,-2\ny,many\n".as_bytes()).unwrap_err();
        assert_eq!(bad.len(), 3, "{bad:?}");
    }
}
