//! Phones that come in by a typed code, somebody in between who wants to, and a sheet of codes from the real programs.

use std::{fs, sync::Arc, time::Duration};

use suishou_core::{
    error::{Error, Problem, Result},
    field::Field,
    id::{MemberId, Nonce, Pin},
    log::Key,
    model::{decode, encode},
    sync::{
        check::{Hello, MAX_COMMITMENTS, SignedWelcome, Welcome, code_hash, commitment},
        exchange::{Request, Response},
        typed::TypedCode,
        wire::{CONTENT_TYPE, EnrolProof, EnrolRequest, SignedEnrolment, VERSION, code, path},
    },
    time::{Random, SystemClock},
};
use suishou_server::relay::{Invited, Terms, enrolment::InvitationState};
use suishou_tests::harness::{Answer, Phone, Township, post, send};

use crate::killed::Relay;

const ADDRESS: &str = "127.0.0.1:1";

async fn invited(township: &Township, member: &str) -> Invited {
    let member = MemberId::new(member).unwrap();
    township.relay.invite(member, Duration::from_hours(1)).await.unwrap()
}

fn response(answer: Answer) -> Response {
    Response { status: answer.status, headers: Vec::new(), body: answer.body }
}

async fn carry(township: &Township, request: &Request) -> Response {
    response(send(&township.router(), post(&request.path, request.body.clone())).await)
}

/// Types address and code on a phone that sees this certificate.
async fn type_in(township: &Township, phone: &Phone, code: &str, pin: Option<Pin>) -> Result<()> {
    let greeting = phone.field().begin_typed_enrolment(ADDRESS, code)?;
    let welcome = carry(township, &greeting.request()).await;
    let enrolling = greeting.accept(&welcome, pin)?;
    let answer = carry(township, &enrolling.request()).await;
    phone.field().finish_enrolment(&enrolling, &answer)
}

#[tokio::test]
async fn a_phone_without_a_camera_comes_in_by_a_typed_code() {
    let township = Township::new(600).await;
    let pin = Some(Pin::new([7; 32]));
    township.relay.set_terms(Terms { pin, ..Terms::default() });
    let invited = invited(&township, "i1").await;
    let mut phone = Phone::new(&township, 1);
    // A slip of the finger is told before anything is sent.
    let slip = invited.typed_code.replacen(|c: char| c.is_ascii_digit(), "Z", 1);
    let told = phone.field().begin_typed_enrolment(ADDRESS, &slip).unwrap_err();
    assert!(matches!(&told, Error::Invalid { problems } if problems[0] == Problem::Mistyped), "{told}");
    assert_eq!(phone.field().check_code().unwrap(), None);

    let typed = invited.typed_code.to_lowercase().replace('-', " ").replace('0', "o");
    type_in(&township, &phone, &typed, pin).await.unwrap();
    phone.sync().await.unwrap();
    let device = township.relay.devices().await.unwrap().pop().unwrap();
    assert!(device.is_typed && device.check.is_some());
    assert_eq!(phone.field().check_code().unwrap(), device.check, "both sides read the same six digits");
    assert_eq!(phone.field().enrolment().unwrap().check, device.check);
    let shown = township.relay.invitation(invited.number).await.unwrap();
    assert_eq!(
        (shown.state, shown.device, shown.check),
        (InvitationState::Used, Some(device.id), device.check)
    );

    // Neither the code nor the QR of the same invitation is good for a second phone.
    let second = Phone::new(&township, 2);
    let used = type_in(&township, &second, &invited.typed_code, pin).await;
    assert!(matches!(used, Err(Error::EnrolCodeUsed)), "{used:?}");
}

#[tokio::test]
async fn a_qr_and_the_operators_list_show_the_same_digits_too() {
    let township = Township::new(601).await;
    let phone = township.phone("i1", 1).await;
    let device = township.relay.devices().await.unwrap().pop().unwrap();
    assert!(!device.is_typed && device.check.is_some());
    assert_eq!(phone.field().check_code().unwrap(), device.check);
}

/// Somebody who answers at the typed address with a key of their own and passes on what they like.
struct Middle {
    key: Key,
    random: Random,
}

impl Middle {
    fn answer(&self, hello: &Hello, nonce: Nonce, township: &Township) -> Response {
        let welcome = Welcome {
            version: VERSION,
            township: township.identity().township,
            relay_key: self.key.public(),
            commitment: hello.commitment,
            nonce,
        };
        let signature = self.key.sign(&welcome);
        let headers = vec![("content-type".to_owned(), CONTENT_TYPE.to_owned())];
        Response { status: 200, headers, body: encode(&SignedWelcome { welcome, signature }) }
    }

    /// Greets the real relay with a key and secret of their own.
    async fn greet(&mut self, township: &Township, code: &Hello) -> (Key, Nonce, Answer) {
        let key = Key::generate(&mut self.random);
        let secret = Nonce::new(self.random.bytes());
        let commitment = commitment(&secret, &key.public());
        let hello = Hello { commitment, ..code.clone() };
        let answer = send(&township.router(), post(path::HELLO, encode(&hello))).await;
        (key, secret, answer)
    }
}

#[tokio::test]
async fn somebody_in_between_can_not_make_both_sides_read_the_same_digits() {
    let township = Township::new(602).await;
    let mut middle = Middle { key: Key::generate(&mut Random::seeded(9)), random: Random::seeded(10) };

    // Own key and nonce towards the phone; towards the relay a phone of their own with the code that was learnt.
    let invited = invited(&township, "i1").await;
    let victim = Phone::new(&township, 1);
    let greeting = victim.field().begin_typed_enrolment(ADDRESS, &invited.typed_code).unwrap();
    let hello: Hello = decode(&greeting.request().body, "a hello").unwrap();
    let nonce = Nonce::new(middle.random.bytes());
    let welcome = middle.answer(&hello, nonce, &township);
    let enrolling = greeting.accept(&welcome, None).unwrap();
    let learnt: EnrolRequest = decode(&enrolling.request().body, "a request").unwrap();
    let enrol = |key: &Key, opening: Option<Nonce>| {
        let (code, nonce, public_key) = (learnt.code, Nonce::new([3; 16]), key.public());
        let proof = key.sign(&EnrolProof { code, public_key, nonce });
        encode(&EnrolRequest { version: VERSION, code, public_key, proof, nonce, opening })
    };
    // The learnt code is worth nothing without a commitment that the relay answered.
    for opening in [None, Some(nonce), learnt.opening] {
        let answer = send(&township.router(), post(path::ENROL, enrol(&middle.key, opening))).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, code::BAD_ENROL_CODE));
    }
    // Every try is one guess at six digits, and there are few.
    let mut tries = Vec::new();
    for _ in 0..MAX_COMMITMENTS {
        let (key, secret, answer) = middle.greet(&township, &hello).await;
        assert_eq!(answer.status, 200);
        let again: SignedWelcome = decode(&answer.body, "a welcome").unwrap();
        tries.push((key, secret, again.welcome.nonce));
    }
    let (_, _, refused) = middle.greet(&township, &hello).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, code::ENROL_CODE_EXPIRED));
    let shown = township.relay.invitation(invited.number).await.unwrap();
    assert_eq!((shown.state, shown.begun), (InvitationState::Spent, MAX_COMMITMENTS));
    let (key, secret, _) = tries.pop().unwrap();
    let answer = send(&township.router(), post(path::ENROL, enrol(&key, Some(secret)))).await;
    assert_eq!(answer.status, 200, "one of the tries gets in");
    let signed: SignedEnrolment = decode(&answer.body, "an enrolment").unwrap();
    let mut forged = signed.enrolment.clone();
    forged.nonce = learnt.nonce;
    let forged = SignedEnrolment { signature: middle.key.sign(&forged), enrolment: forged };
    let forged = Response { status: 200, headers: Vec::new(), body: encode(&forged) };
    victim.field().finish_enrolment(&enrolling, &forged).unwrap();
    let device = township.relay.devices().await.unwrap().pop().unwrap();
    assert_eq!(device.id, signed.enrolment.device);
    assert_ne!(victim.field().check_code().unwrap(), device.check, "the digits tell");

    // Passing everything on unchanged, behind a certificate of their own.
    let pin = Some(Pin::new([1; 32]));
    township.relay.set_terms(Terms { pin, ..Terms::default() });
    let invited = self::invited(&township, "i2").await;
    let mut victim = Phone::new(&township, 2);
    type_in(&township, &victim, &invited.typed_code, Some(Pin::new([2; 32]))).await.unwrap();
    victim.sync().await.unwrap();
    let device = township.relay.devices().await.unwrap().pop().unwrap();
    assert_ne!(victim.field().check_code().unwrap(), device.check);
}

#[tokio::test]
async fn an_answer_that_is_lost_on_the_way_costs_no_try_and_another_key_is_refused() {
    let township = Township::new(603).await;
    let invited = invited(&township, "i1").await;
    let phone = Phone::new(&township, 1);
    let greeting = phone.field().begin_typed_enrolment(ADDRESS, &invited.typed_code).unwrap();
    let first = carry(&township, &greeting.request()).await;
    let again = carry(&township, &greeting.request()).await;
    assert_eq!(first, again, "the same commitment has one nonce");
    assert_eq!(township.relay.invitation(invited.number).await.unwrap().begun, 1);
    let enrolling = greeting.accept(&again, None).unwrap();
    drop(carry(&township, &enrolling.request()).await);
    let answer = carry(&township, &enrolling.request()).await;
    phone.field().finish_enrolment(&enrolling, &answer).unwrap();
    assert_eq!(township.relay.devices().await.unwrap().len(), 1);

    // A welcome for another commitment, or changed on the way, is none.
    let other = Phone::new(&township, 2);
    let code = self::invited(&township, "i2").await.typed_code;
    let greeting = other.field().begin_typed_enrolment(ADDRESS, &code).unwrap();
    assert!(greeting.accept(&first, None).is_err());
    let greeting = other.field().begin_typed_enrolment(ADDRESS, &code).unwrap();
    let mut flipped = carry(&township, &greeting.request()).await;
    let last = flipped.body.len() - 1;
    flipped.body[last] ^= 1;
    assert!(greeting.accept(&flipped, None).is_err());
}

#[tokio::test]
async fn a_code_that_is_withdrawn_out_of_date_or_guessed_says_so() {
    let township = Township::new(604).await;
    let phone = Phone::new(&township, 1);
    let withdrawn = invited(&township, "i1").await;
    let shown = township.relay.withdraw_invitation(withdrawn.number).await.unwrap();
    assert_eq!(shown.state, InvitationState::Withdrawn);
    let refused = type_in(&township, &phone, &withdrawn.typed_code, None).await;
    assert!(matches!(refused, Err(Error::EnrolCodeExpired)), "{refused:?}");
    let old = invited(&township, "i1").await;
    township.time.advance(Duration::from_hours(2));
    let refused = type_in(&township, &phone, &old.typed_code, None).await;
    assert!(matches!(refused, Err(Error::EnrolCodeExpired)), "{refused:?}");
    assert_eq!(township.relay.invitation(old.number).await.unwrap().state, InvitationState::Expired);
    assert_eq!(township.relay.withdraw_invitation(999).await.unwrap_err().code(), code::NOT_FOUND);

    // Guessing ends after a while, for right codes from there too; then it is open again.
    let good = invited(&township, "i1").await;
    for number in 0..20_u8 {
        let guess = TypedCode::new([number; 16]).to_string();
        let refused = type_in(&township, &phone, &guess, None).await;
        assert!(matches!(refused, Err(Error::BadEnrolCode)), "{refused:?}");
    }
    let hello = Hello {
        version: VERSION,
        code: code_hash(&good.typed_code.parse::<TypedCode>().unwrap().code()),
        commitment: commitment(&Nonce::ZERO, &Key::generate(&mut Random::seeded(1)).public()),
    };
    let answer = send(&township.router(), post(path::HELLO, encode(&hello))).await;
    assert_eq!((answer.status, answer.code().as_str()), (429, code::QUOTA));
    let seconds: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=601).contains(&seconds), "{seconds}");
    assert!(matches!(type_in(&township, &phone, &good.typed_code, None).await, Err(Error::Offline(_))));
    township.time.advance(Duration::from_mins(11));
    type_in(&township, &phone, &good.typed_code, None).await.unwrap();
}

/// The real programs: TLS with a certificate that nobody told the phone of, the sheet, the lists.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sheet_enrols_thirteen_vendors_and_one_of_them_types() {
    let kept = tempfile::tempdir().unwrap();
    let relay = Relay::set_up(&kept.path().join("relay"));
    let csv = kept.path().join("vendors.csv");
    let mut lines = vec!["编号,姓名,角色".to_owned()];
    lines.extend((1..=13).map(|number| format!("v{number},肉摊{number}号,信息员")));
    fs::write(&csv, lines.join("\n")).unwrap();
    let sheet = kept.path().join("sheet.html");
    let (csv, sheet) = (csv.to_str().unwrap(), sheet.to_str().unwrap());
    let handed = relay.json(&["enrol", "--csv", csv, "--sheet", sheet]);
    let codes: Vec<String> = handed["enrolments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["typed_code"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(codes.len(), 13);
    let page = fs::read_to_string(sheet).unwrap();
    assert_eq!((page.matches("<section").count(), page.matches("<svg").count()), (13, 13));
    assert!(codes.iter().all(|code| page.contains(code)) && page.contains("肉摊13号"));
    let listed = relay.json(&["enrol", "list"]);
    assert!(listed["enrolments"].as_array().unwrap().iter().all(|one| one["state"] == "open"));
    assert!(!listed.to_string().contains(&codes[0]), "a code is told once");

    let field = Field::open(&kept.path().join("phone"), Arc::new(SystemClock), Random::seeded(1)).unwrap();
    let address = relay.address();
    field.enrol_typed(address.trim_start_matches("https://"), &codes[6]).await.unwrap();
    field.sync().await.unwrap();
    let device = relay.json(&["device", "list"])["devices"][0].clone();
    assert_eq!(device["member"], "v7");
    assert_eq!(device["check"], field.check_code().unwrap().unwrap().to_string());
    let shown = relay.json(&["device", "show", device["id"].as_str().unwrap()]);
    assert_eq!(
        (&shown["is_typed"], &shown["used"]["entries_day"]),
        (&true.into(), &serde_json::Value::Null),
        "an informant's numbers tell nothing"
    );

    assert_eq!(relay.json(&["enrol", "withdraw", "3"])["state"], "withdrawn");
    let other = Field::open(&kept.path().join("other"), Arc::new(SystemClock), Random::seeded(2)).unwrap();
    let refused = other.enrol_typed(&address, &codes[2]).await;
    assert!(matches!(refused, Err(Error::EnrolCodeExpired)), "{refused:?}");
    fs::write(csv, "编号,姓名,角色\nv1,肉摊,没有这个角色\n").unwrap();
    let (exit, words) = relay.refused(&["enrol", "--csv", csv, "--sheet", sheet, "--lang", "zh"]);
    assert!(exit == 1 && words.contains("第 2 行"), "{exit}: {words}");
    assert_eq!(relay.json(&["enrol", "list"])["enrolments"].as_array().unwrap().len(), 13);
}
