//! Lists, search and possible duplicates on a phone that has no network.

use std::{sync::Arc, time::Duration};

use suishou_core::{
    error::Error,
    field::{Field, Remark, ReportDraft},
    id::{CategoryId, GridId},
    store::{Query, TallyBy},
    time::{Clock as _, Random},
};
use suishou_tests::harness::{TestClock, Township};

use crate::scenarios::report;

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn a_phone_lists_searches_and_counts_without_a_network() {
    let township = Township::new(81).await;
    let phone = township.phone("m1", 1).await;
    let other = ReportDraft {
        grid: GridId::new("g2").ok(),
        ..report("二网格的路灯不亮", &township, 119.605)
    };
    let pipe = phone.field().report(report("桥头菜市场水管破裂", &township, 119.605)).unwrap();
    let lamp = phone.field().report(other).unwrap();
    phone.field().add_note(lamp, &Remark::text("电工说明天来")).unwrap();

    let found = |query: &Query| {
        let page = phone.field().list(query).unwrap();
        assert_eq!(page.total, page.items.len() as u64);
        assert_eq!(phone.field().count(query).unwrap(), page.total);
        page.items.into_iter().map(|listed| listed.row.columns().document).collect::<Vec<_>>()
    };
    let text = |text: &str| Query { text: text.to_owned(), ..Query::default() };
    assert_eq!(found(&text("水")), [pipe]);
    assert_eq!(found(&text("电工")), [lamp], "in a remark");
    assert_eq!(found(&text("路灯 明天")), [lamp], "one word in the report, one in a remark");
    assert!(found(&text("水灯")).is_empty());
    let grid = |grid: &str| Query { grid: GridId::new(grid).ok(), ..Query::default() };
    assert_eq!((found(&grid("v1")).len(), found(&grid("g2"))), (2, vec![lamp]), "the village has its grids");
    let unsent = Query { unsent_only: true, ..Query::default() };
    assert_eq!(found(&unsent).len(), 2);
    let by_grid = phone.field().tally(&Query::default(), TallyBy::Grid).unwrap();
    assert_eq!(by_grid, [("g1".to_owned(), 1), ("g2".to_owned(), 1)]);
}

#[tokio::test]
async fn what_was_sent_is_unsent_no_more_and_what_waits_becomes_overdue() {
    let township = Township::new(82).await;
    let mut phone = township.phone("m1", 1).await;
    phone.field().report(report("路面积水", &township, 119.605)).unwrap();
    let unsent = Query { unsent_only: true, ..Query::default() };
    assert_eq!(phone.field().count(&unsent).unwrap(), 1);
    phone.sync().await.unwrap();
    assert_eq!(phone.field().count(&unsent).unwrap(), 0);
    let overdue = Query { overdue: true, ..Query::default() };
    assert_eq!(phone.field().count(&overdue).unwrap(), 0);
    // A normal report is to be accepted within 12 hours.
    township.time.advance(11 * HOUR);
    assert_eq!(phone.field().count(&overdue).unwrap(), 0);
    township.time.advance(2 * HOUR);
    let page = phone.field().list(&overdue).unwrap();
    assert!(page.items[0].is_overdue && page.items[0].due_at.is_some());
}

#[tokio::test]
async fn a_phone_whose_clock_is_wrong_knows_what_is_overdue_by_the_relays_time() {
    let township = Township::new(83).await;
    let mut phone = township.phone("m1", 1).await;
    phone.field().report(report("路面积水", &township, 119.605)).unwrap();
    phone.sync().await.unwrap();
    phone.kill();
    // The same store with a clock that is two days ahead.
    let ahead = Arc::new(TestClock::at(township.time.now().after(48 * HOUR)));
    let field = Field::open(phone.folder(), ahead, Random::seeded(5)).unwrap();
    let overdue = Query { overdue: true, ..Query::default() };
    assert_eq!(field.count(&overdue).unwrap(), 1, "the phone can't know before it hears the relay");
    let mut session = suishou_core::sync::session::Session::default();
    while let suishou_core::sync::session::Step::Send(request) = field.ask(&mut session).unwrap() {
        let response = phone.network.carry(request).await.unwrap();
        field.answer(&mut session, &response).unwrap();
    }
    assert_eq!(field.count(&overdue).unwrap(), 0);
    let reopened = {
        drop(field);
        let ahead = Arc::new(TestClock::at(township.time.now().after(61 * HOUR)));
        Field::open(phone.folder(), ahead, Random::seeded(6)).unwrap()
    };
    assert_eq!(reopened.count(&overdue).unwrap(), 1, "thirteen hours later by either clock");
}

#[tokio::test]
async fn what_may_be_the_same_is_offered_while_it_is_written() {
    let township = Township::new(84).await;
    let phone = township.phone("m1", 1).await;
    let of = |category: &str, text: &str, longitude: f64| ReportDraft {
        category: CategoryId::new(category).unwrap(),
        ..report(text, &township, longitude)
    };
    let first = phone.field().report(of("order", "菜市场门口摊贩占道，行人难走", 119.6050)).unwrap();
    let related = phone.field().report(of("counterfeit", "菜市场门口卖假烟", 119.6051)).unwrap();
    phone.field().report(of("fire", "菜市场门口堆纸箱", 119.6050)).unwrap();
    phone.field().report(of("order", "菜市场门口摊贩占道", 119.6090)).unwrap();
    let again = phone.field().report(of("order", "摊贩占道，菜市场门口走不了", 119.6052)).unwrap();
    let offered = phone.field().similar_to(again).unwrap();
    let documents: Vec<_> = offered.iter().map(|one| one.row.document).collect();
    assert_eq!(
        documents,
        [first, related],
        "the police has both categories; the others are elsewhere or another matter"
    );
    assert!(offered[0].score > offered[1].score);
    assert!(offered[0].distance_m.is_some_and(|distance| (10..30).contains(&distance)));
    let patrol = phone.field().start_patrol("", None, Vec::new()).unwrap();
    assert!(matches!(phone.field().similar_to(patrol), Err(Error::NotFound { .. })));
    let newest = phone.field().list(&Query { limit: 1, ..Query::default() }).unwrap();
    assert!(newest.next.is_some() && newest.total == 6);
}
