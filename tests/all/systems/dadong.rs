//! Dadong: thirteen pork vendors with three duties, and an answer to each matter.

use suishou_core::{
    id::{DocumentId, ReasonId, Salt},
    model::{
        Role,
        audience::Audience,
        incident::{IncidentState, IncidentStep, StepKind},
        notice::NoticeRecord,
        step::Author,
    },
    rows::NoticeRow,
    store::Mine,
};
use suishou_tests::harness::{Desk, Phone, Plan, Township};

use super::{incidents, json, say, seen, settle, to_department};
use crate::scenarios::photo;

const VENDORS: u16 = 13;

/// Two villages of four micro-grids each; who settles what.
fn plan() -> Plan {
    let mut plan = Plan::new("大东镇")
        .department("civil", &["elder_care", "dispute", "relief"])
        .department("market", &["food_safety", "illegal_trading", "counterfeit"])
        .department("fire", &["fire_risk", "fire"])
        .department("works", &["sanitation"])
        .person("desk", Role::Dispatcher, &[]);
    for department in ["civil", "market", "fire", "works"] {
        plan = plan.handler(&format!("{department}-1"), department);
    }
    for village in 0..2 {
        let id = format!("d{village}");
        plan = plan.grid(&id, "village", None, (village * 4, 0), (4, 1));
        for micro in 0..4 {
            let grid = format!("{id}-{micro}");
            plan = plan.grid(&grid, "micro", Some(&id), (village * 4 + micro, 0), (1, 1));
            plan = plan.person(&format!("member-{village}{micro}"), Role::Member, &[&grid]);
        }
        plan = plan.person(&format!("leader-{village}"), Role::Leader, &[&id]);
    }
    for vendor in 1..=VENDORS {
        plan = plan.person(&format!("vendor-{vendor:02}"), Role::Informant, &[]);
    }
    plan
}

/// What a vendor comes by on a round: somebody in need, and something that is not as it should be.
fn round(township: &Township, vendor: u16) -> [(suishou_core::field::ReportDraft, &'static str); 2] {
    let at = (vendor % 8, 0);
    let need = match vendor % 2 {
        0 => ("elder_care", "独居老人两天没出门，敲门有人应，说没有米了"),
        _ => ("dispute", "两家为宅基地吵了三天"),
    };
    let (category, text, department) = match vendor % 4 {
        0 => ("food_safety", "小卖部卖过期火腿肠", "market"),
        1 => ("fire_risk", "楼道堆满泡沫箱", "fire"),
        2 => ("sanitation", "河边倒死鱼", "works"),
        _ => ("illegal_trading", "无证卖药酒", "market"),
    };
    [(seen(township, need.0, need.1, at), "civil"), (seen(township, category, text, at), department)]
}

/// From acceptance to the answer; one in six lies outside, and is told so.
async fn close_the_loop(
    township: &Township,
    number: usize,
    incident: DocumentId,
    department: &str,
    handler: &mut Phone,
) {
    if number % 6 == 5 {
        let reason = ReasonId::new("outside").ok();
        let step = IncidentStep { reason, ..IncidentStep::plain(StepKind::Rejected) };
        say(township, incident, step, "不在本镇，已转告邻镇").await;
        return;
    }
    say(township, incident, IncidentStep::plain(StepKind::Accepted), "已受理").await;
    say(township, incident, to_department(department), "请今天处理").await;
    settle(handler, incident, "已处理", photo(number as u64 + 1)).await;
    say(township, incident, IncidentStep::plain(StepKind::Verified), "已核实").await;
    say(township, incident, IncidentStep::plain(StepKind::Closed), "谢谢您，已办好").await;
}

#[tokio::test]
async fn thirteen_vendors_fulfil_three_duties_each_matter_is_answered_and_nobody_learns_who_reported() {
    let township = Township::of(2_001, plan()).await;
    let mut desk = Desk::open(&township, "desk", 1).await;
    let mut vendors = Vec::new();
    for vendor in 1..=VENDORS {
        vendors.push(township.phone(&format!("vendor-{vendor:02}"), 10 + u64::from(vendor)).await);
    }
    // Livelihood and safety: on the round, offline, one snap each.
    let mut matters = Vec::new();
    for (vendor, phone) in (1..).zip(&vendors) {
        for (mut draft, department) in round(&township, vendor) {
            draft.photos = vec![phone.field().add_photo(&photo(u64::from(vendor)), &[]).unwrap()];
            matters.push((usize::from(vendor) - 1, phone.field().report(draft).unwrap(), department));
        }
    }
    for phone in &mut vendors {
        phone.sync().await.unwrap();
    }
    assert_eq!(incidents(&township).await.len(), 26);
    // Classified and handled.
    for (seed, department) in (50..).zip(["civil", "market", "fire", "works"]) {
        let mut handler = township.phone(&format!("{department}-1"), seed).await;
        let theirs = matters.iter().enumerate().filter(|(_, (_, _, to))| *to == department);
        for (number, (_, incident, _)) in theirs {
            close_the_loop(&township, number, *incident, department, &mut handler).await;
        }
        no_reporter_is_told(&handler, "a handler");
    }
    // Policy: a notice in words that people use, read by each and passed on.
    let notice = desk
        .publish(
            &township,
            NoticeRecord {
                salt: Salt::ZERO,
                theme: None,
                title: "医保怎么交".to_owned(),
                text: "每人四百元，十二月底前，村里帮忙代办".to_owned(),
                audience: Audience { roles: vec![Role::Informant], ..Audience::default() },
                photos: Vec::new(),
                from_at: None,
                until_at: None,
                asks_read: true,
            },
        )
        .await;
    for phone in &mut vendors {
        phone.sync().await.unwrap();
        phone.field().read_notice(notice).unwrap();
        phone
            .field()
            .add_note(notice, &suishou_core::field::Remark::text("摊前讲了二十多人，有人问残疾人减不减"))
            .unwrap();
        phone.sync().await.unwrap();
    }
    assert_eq!(township.row::<NoticeRow>(notice).await.readers, u32::from(VENDORS));
    // Every matter is answered and settled, and its reporter reads the answer.
    for phone in &mut vendors {
        phone.sync().await.unwrap();
    }
    for (vendor, incident, _) in &matters {
        let view = vendors[*vendor].field().incident(*incident).unwrap();
        assert!(matches!(view.incident.state, IncidentState::Closed | IncidentState::Rejected));
        let answer = view.about.notes.iter().rev().find(|note| note.author == Author::Centre).unwrap();
        assert!(!answer.text.is_empty());
        let told = township.settled().await.incident(*incident).await.unwrap().work.reporter.unwrap();
        assert!(told.is_hidden && told.member.is_none() && told.name.is_empty(), "thanked, and never named");
    }
    let rejected = township.settled().await.status().await.unwrap().incidents["rejected"];
    assert_eq!(rejected, 4);
    // A vendor sees the own two reports and nobody's else.
    for phone in &vendors {
        let listed = phone.field().incidents(Mine::OrOthers, 100, 0).unwrap();
        assert_eq!(listed.len(), 2);
        assert!(listed.iter().all(|incident| incident.row.author == Author::You));
    }
    for (whose, seed) in [("member-01", 71), ("leader-0", 72), ("leader-1", 73)] {
        let mut phone = township.phone(whose, seed).await;
        phone.sync().await.unwrap();
        assert!(!phone.field().incidents(Mine::OrOthers, 100, 0).unwrap().is_empty());
        no_reporter_is_told(&phone, whose);
    }
    assert!(township.settled().await.held().await.unwrap().is_empty());
}

/// Neither on a screen nor in any file of the phone.
fn no_reporter_is_told(phone: &Phone, whose: &str) {
    for listed in phone.field().incidents(Mine::OrOthers, 100, 0).unwrap() {
        let view = phone.field().incident(listed.row.document).unwrap();
        assert_eq!(view.author, Author::Alias(1));
        assert!(!json(&view).contains("vendor-"), "{whose}'s screen");
    }
    for secret in ["vendor-", "秘密姓名vendor"] {
        assert!(!super::is_written(phone.folder(), secret), "{whose}'s files");
    }
}
