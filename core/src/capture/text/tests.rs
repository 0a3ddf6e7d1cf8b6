//! What is warned about and what is not. Every number here is made up.

use proptest::prelude::*;

use super::*;

/// A citizen's number with its check digit, worked out as GB 11643 has it: Σ digit · 2^(17−i) mod 11.
fn citizen(head: &str) -> String {
    assert_eq!(head.len(), 17);
    let sum: u32 = head.chars().enumerate().map(|(at, c)| c.to_digit(10).unwrap() * (1 << (17 - at))).sum();
    let check = match (12 - sum % 11) % 11 {
        10 => 'X'.to_string(),
        check => check.to_string(),
    };
    format!("{head}{check}")
}

/// Numbers with and without X at the end.
fn citizens() -> [String; 2] {
    let all: Vec<String> = (0..200).map(|serial| citizen(&format!("33070219900307{serial:03}"))).collect();
    let find = |with: bool| all.iter().find(|id| id.ends_with('X') == with).unwrap().clone();
    [find(true), find(false)]
}

/// Kinds and the very words that were found.
fn found(text: &str) -> Vec<(SensitiveKind, String)> {
    let chars: Vec<char> = text.chars().collect();
    sensitive(text).into_iter().map(|one| (one.kind, chars[one.start..one.end].iter().collect())).collect()
}

fn one(kind: SensitiveKind, number: &str) -> Vec<(SensitiveKind, String)> {
    vec![(kind, number.to_owned())]
}

/// With full-width digits and letters.
fn wide(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_graphic() { char::from_u32(u32::from(c) + 0xfee0).unwrap() } else { c })
        .collect()
}

/// Cut into groups with something in between.
fn grouped(number: &str, lens: &[usize], gap: &str) -> String {
    let mut rest = number;
    let parts: Vec<&str> = lens
        .iter()
        .map(|len| {
            let (part, after) = rest.split_at(*len);
            rest = after;
            part
        })
        .collect();
    assert!(rest.is_empty());
    parts.join(gap)
}

#[test]
fn citizens_numbers_are_found_however_they_are_written() {
    for id in citizens() {
        let ways = [
            id.clone(),
            id.to_lowercase(),
            wide(&id),
            wide(&id.to_lowercase()),
            grouped(&id, &[6, 8, 4], " "),
            grouped(&id, &[6, 4, 4, 4], "-"),
            grouped(&id, &[6, 4, 2, 2, 4], "\u{3000}"),
            grouped(&id, &[3, 3, 4, 4, 4], " - "),
            wide(&grouped(&id, &[6, 8, 4], "-")),
        ];
        for way in ways {
            assert_eq!(found(&way), one(SensitiveKind::CitizenId, &way));
            let text = format!("户主身份证{way}，已核对");
            assert_eq!(found(&text), one(SensitiveKind::CitizenId, &way), "{text}");
            assert_eq!(sensitive(&text)[0].start, 5);
        }
    }
}

#[test]
fn what_is_no_citizens_number_is_not_called_one() {
    let is_citizen = |text: &str| sensitive(text).iter().any(|one| one.kind == SensitiveKind::CitizenId);
    for id in citizens() {
        let mut wrong = id.clone().into_bytes();
        wrong[16] = if wrong[16] == b'9' { b'0' } else { wrong[16] + 1 };
        assert!(!is_citizen(&String::from_utf8(wrong).unwrap()), "a check digit that does not fit");
        assert!(!is_citizen(&format!("{id}5")) && !is_citizen(&format!("7{id}")), "part of a longer number");
        assert!(!is_citizen(&format!("订单20260101{id}")));
        assert!(!is_citizen(&format!("{id}B")) || !id.ends_with('X'), "the X belongs to a word");
    }
    for head in [
        "33070219901307001",
        "33070219900230001",
        "33070219900001001",
        "33070218990307001",
        "03070219900307001",
    ] {
        assert!(!is_citizen(&citizen(head)), "{head}");
    }
    assert!(
        is_citizen(&citizen("33070220000229001")) && !is_citizen(&citizen("33070219000229001")),
        "leap years"
    );
}

#[test]
fn mobile_numbers_are_found_however_they_are_written() {
    for number in [
        "13812345678",
        "19912345678",
        "１３８１２３４５６７８",
        "138 1234 5678",
        "138-1234-5678",
        "138—1234—5678",
        "1381234 5678",
        "1381 234 5678",
        "+8613812345678",
        "+86 138 1234 5678",
        "+86-138-1234-5678",
        "＋８６１３８１２３４５６７８",
        "008613812345678",
        "0086 13812345678",
    ] {
        for text in [
            number.to_owned(),
            format!("电话{number}。"),
            format!("电话：{number}(微信同号)"),
            format!("tel{number}x"),
        ] {
            assert_eq!(found(&text), one(SensitiveKind::Phone, number), "{text}");
        }
    }
    assert_eq!(found("（+86）13812345678"), one(SensitiveKind::Phone, "+86）13812345678"));
    assert_eq!(found("86 13812345678"), one(SensitiveKind::Phone, "13812345678"));
    assert_eq!(found("1.13812345678"), one(SensitiveKind::Phone, "13812345678"), "an item of a list");
    assert_eq!(found("2026-05-01 13812345678 3号楼"), one(SensitiveKind::Phone, "13812345678"));
    assert_eq!(found("138 1234 5678 3号楼2单元"), one(SensitiveKind::Phone, "138 1234 5678"));
}

#[test]
fn landlines_with_their_area_code_are_found() {
    for number in [
        "010-82345678".to_owned(),
        "0579-82345678".to_owned(),
        "0579 8234 5678".to_owned(),
        "0579-8234567".to_owned(),
        "057982345678".to_owned(),
        "0579）82345678".to_owned(),
        "021-6234-5678".to_owned(),
        "+86 579 82345678".to_owned(),
        "+86-0579-82345678".to_owned(),
        "０２１-６２３４５６７８".to_owned(),
    ] {
        assert_eq!(found(&number), one(SensitiveKind::Phone, &number), "{number}");
        assert_eq!(found(&format!("座机{number}转3")), one(SensitiveKind::Phone, &number));
    }
    assert_eq!(found("0579-82345678-801"), one(SensitiveKind::Phone, "0579-82345678"));
}

#[test]
fn other_numbers_are_left_alone() {
    for text in [
        "",
        "没有数字",
        "拨打12345、110、119或者96345",
        "400-820-8820",
        "订单1381234567890123456789012",
        "条码6913812345678",
        "单号SF1381234567890",
        "13812345678.50元",
        "系数0.13812345678",
        "12812345678",
        "1381234567",
        "138123456789",
        "+1 13812345678901",
        "+44 1381 234 5678",
        "2026-05-01 14:30:25",
        "20260501143025",
        "1300-1400 500",
        "门牌13-20-30-40-500",
        "卡号6222 0213 8123 4567 890",
        "编号 1234 1381 2345 678 9012",
        "坐标119.6057812,29.0801234",
        "坐标 119.13812345678",
        "8234-5678",
        "0579-12345678",
        "0579-823456789",
        "3x5米, 12X18",
        "192.168.13.812",
        "1381234\n5678",
        "13812345678901234567X",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn several_numbers_are_found_each_once_and_in_order() {
    let [with_x, _] = citizens();
    let text = format!("张某 {with_x} 13812345678、139 8765 4321 138 1234 5678；0579-82345678");
    let expected = [
        (SensitiveKind::CitizenId, with_x.as_str()),
        (SensitiveKind::Phone, "13812345678"),
        (SensitiveKind::Phone, "139 8765 4321"),
        (SensitiveKind::Phone, "138 1234 5678"),
        (SensitiveKind::Phone, "0579-82345678"),
    ];
    let found = found(&text);
    assert_eq!(found.iter().map(|(kind, number)| (*kind, number.as_str())).collect::<Vec<_>>(), expected);
}

proptest! {
    #[test]
    fn any_text_is_read_and_what_is_found_lies_within_it(text in "[0-9０-９ xX+.()（）\\-\u{3000}a中]{0,60}|\\PC{0,60}") {
        let len = text.chars().count();
        let mut last = 0;
        for one in sensitive(&text) {
            prop_assert!(last <= one.start && one.start < one.end && one.end <= len);
            last = one.end;
        }
    }

    #[test]
    fn a_mobile_number_among_words_is_always_found(
        head in 13_u64..20, tail in 0_u64..1_000_000_000, before in "[a-z中文，（]{0,5}", after in "[a-z中文，）]{0,5}",
    ) {
        let number = format!("{head}{tail:09}");
        prop_assert_eq!(found(&format!("{before}{number}{after}")), one(SensitiveKind::Phone, &number));
    }

    #[test]
    fn a_longer_string_of_digits_is_never_a_number(digits in "[1-9][0-9]{18,40}") {
        prop_assert_eq!(found(&digits), []);
    }
}
