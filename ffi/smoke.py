"""Calls every method that ffi exports once, against a real relay: `smoke.py BINDINGS PROGRAM TOWNSHIP FOLDER INVITATION ADDRESS CODE`.

Fails if a method was not called, or if one answers something else than is true.
"""

import asyncio
import json
import struct
import subprocess
import sys
import time
import zlib

bindings, program, township, folder, invitation, address, code = sys.argv[1:8]
sys.path.insert(0, bindings)
import suishou as s  # noqa: E402

called = set()


def office(*words):
    made = subprocess.run([program, *words, "--json", "--dir", township], capture_output=True, text=True, check=False)
    assert made.returncode == 0, (words, made.stderr)
    return json.loads(made.stdout)


class Clock(s.PhoneClock):
    is_broken = False

    def now(self):
        if Clock.is_broken:
            raise RuntimeError("the clock broke")
        return int(time.time() * 1000)


class Keys(s.KeyProvider):
    def secret(self):
        return bytes(range(32))


class Watcher(s.Watcher):
    told = 0

    def changed(self):
        Watcher.told += 1


class Seen:
    """A phone that notes what is called."""

    def __init__(self, field):
        self.field = field

    def __getattr__(self, name):
        called.add(name)
        return getattr(self.field, name)


def refused(kind, reason, call):
    try:
        call()
    except kind as error:
        assert error.reason == reason, error.reason
        return
    raise AssertionError(f"{kind} {reason} did not come")


def picture():
    """A PNG of 64 x 64."""
    row = b"\0" + b"".join(bytes((x * 4, 90, 200 - x)) for x in range(64))
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * 64)) + chunk(b"IEND", b"")


def voice():
    """AAC in ADTS: frames of silence."""
    frame = bytes((0xFF, 0xF1, 0x50, 0x80, 0x01, 0x7F, 0xFC)) + bytes(4)
    return frame * 50


query = lambda **more: s.Query(**{
    "kinds": [], "states": [], "is_open": None, "grid": None, "categories": [], "min_level": None, "whose": s.Mine.OR_OTHERS,
    "for_me": False, "_from": None, "to": None, "near": None, "text": "", "about": None, "overdue": False, "has_clash": None,
    "unsent_only": False, "sort": s.Sort.NEWEST, "limit": 50, "after": None, **more})
remark = lambda text="": s.Remark(text=text, photos=[], voice=None)
nowhere = s.Place(position=None, accuracy_m=None, age_s=None, source=None, is_mock=None, grid=None, grid_source=None)
nobody = s.Audience(is_everyone=False, grids=[], members=[], departments=[], roles=[])


def step(kind, **more):
    return s.StepDraft(**{"kind": kind, "dispatch": None, "reason": None, "rating": None, "remark": None, "photos": [], **more})


def report(text, **more):
    return s.ReportDraft(**{"text": text, "category": "order", "severity": s.Severity.NORMAL, "fix": None, "grid": None,
                            "photos": [], "voice": None, "is_anonymous": False, "matter": None, **more})


def fix():
    return s.Fix(position=s.Degrees(latitude=29.005, longitude=119.005), accuracy_m=9, taken_at=Clock().now(),
                 source=s.FixSource.SATELLITE, is_mock=False)


def task(form, **more):
    return s.TaskRecord(**{"salt": "", "form": form, "title": "x", "text": "", "items": [], "audience": nobody, "from_at": None,
                           "due_at": None, "place": nowhere, "source": None, "photos": [], "shelters": [], "needs_proof": False, **more})


def begin(phone):
    refused(s.FieldError.EnrolAgain, "not_enrolled", phone.enrolment)
    assert phone.settings() is None and phone.check_code() is None
    phone.give_consent(s.ConsentKind.POSITION, 1)
    phone.withdraw_consent(s.ConsentKind.PHOTOS)
    assert len(phone.consents()) == 2
    refused(s.FieldError.FixInput, "missing_consent", lambda: phone.add_photo(picture(), []))
    phone.give_consent(s.ConsentKind.PHOTOS, 1)


def reports(phone):
    photo = phone.add_photo(picture(), [s.Blur(left=0.1, top=0.1, width=0.3, height=0.3)])
    assert phone.blob_file(photo) and phone.preview_file(photo)
    sound = phone.add_voice(voice())
    assert sound.duration_ms > 0
    first = phone.report(report("first", photos=[photo], voice=sound.hash, fix=fix()))
    second = phone.quick_report(picture(), "sanitation", fix())
    draft = phone.start_draft(s.DocumentKind.INCIDENT)
    draft.body.text = "draft"
    phone.save_draft(draft)
    assert [known.id for known in phone.drafts()] == [draft.id]
    refused(s.FieldError.FixInput, "missing_category", lambda: phone.report_draft(draft.id))
    draft.body.category = "order"
    phone.save_draft(draft)
    assert phone.draft(draft.id).draft.body.text == "draft"
    third = phone.report_draft(draft.id)
    other = phone.start_draft(s.DocumentKind.INCIDENT)
    phone.save_draft(other)
    phone.discard_draft(other.id)
    assert phone.drafts() == []
    phone.add_note(first, remark("more"))
    note = phone.incident(first).about.notes[0]
    phone.answer_note(first, note.entry, "yes")
    phone.correct_text(first, "first, really")
    phone.correct(first, "fire_risk", s.Severity.HIGH, None, "it burns")
    refused(s.FieldError.FixInput, "held_wrong_state", lambda: phone.keep_state(first, None))
    view = phone.incident(first)
    assert view.incident.category.value == "fire_risk" and len(view.photos) == 1 and view.voice
    assert len(phone.incidents(s.Mine.ONLY, 10, 0)) == 3
    listing = phone.list(query(kinds=[s.DocumentKind.INCIDENT], limit=2))
    assert listing.total == 3 and len(listing.items) == 2 and listing.next
    rest = phone.list(query(kinds=[s.DocumentKind.INCIDENT], limit=2, after=listing.next))
    assert len(rest.items) == 1
    assert phone.count(query(text="really")) == 1
    assert sum(tally.count for tally in phone.tally(query(kinds=[s.DocumentKind.INCIDENT]), s.TallyBy.CATEGORY)) == 3
    alike = s.Similar(position=fix().position, grid=None, category="fire_risk", at=Clock().now(), text="first", _except=None)
    assert phone.similar(alike)[0].row.document == first
    assert phone.similar_to(second) is not None
    refused(s.FieldError.FixInput, "held_not_allowed", lambda: phone.step(third, step(s.StepKind.CLOSED)))
    return first


def patrols(phone):
    patrol = phone.start_patrol("river", None, ["c1"])
    assert phone.open_patrol() == patrol
    phone.patrol_fix(s.TrackFix(at=Clock().now(), position=fix().position, accuracy_m=9))
    assert len(phone.track(patrol)[0].fixes) == 1
    phone.visit_checkpoint("c1", 4)
    phone.pause_patrol()
    phone.resume_patrol()
    phone.finish_patrol()
    assert phone.patrol(patrol).row.state == s.PatrolState.FINISHED
    assert len(phone.patrols(s.Mine.ONLY, 5, 0)) == 1


def care(phone):
    card = s.HouseholdCard(salt="", name="x", address="", phone="", people=1, purposes=[], needs="", every_days=7, place=nowhere)
    home = phone.add_household(card, fix())
    card.needs = "medicine"
    phone.change_household(home, card, None)
    view = phone.household(home)
    assert view.card.needs == "medicine" and len(view.cards) == 2
    phone.choose_card(home, view.cards[1].entry)
    draft = s.VisitDraft(household=home, purpose=None, form=None, answers=[], text="well", fix=fix(), grid=None, photos=[],
                         voice=None, outcome=s.VisitOutcome.MET, found=[s.Need.INCIDENT(report("need"))])
    kept = phone.keep_visit(draft)
    assert len(kept.led_to) == 1 and phone.visit(kept.visit).visit.led_to == kept.led_to
    phone.follow_up(kept.visit, s.Need.TASK(task(s.TaskForm.ERRAND)))
    phone.end_household(home, None, remark("moved"))
    phone.resume_household(home, remark())


def orders(phone):
    me = phone.enrolment().member
    mine = s.Audience(is_everyone=False, grids=[], members=[me], departments=[], roles=[])
    item = s.TaskItem(id=1, text="family", address="", people=2)
    move = phone.give_task(task(s.TaskForm.EVACUATION, items=[item], shelters=["school"], audience=mine), fix())
    phone.answer_task(move, s.TaskAnswer.ACCEPTED, None, remark())
    refused(s.FieldError.FixInput, "missing_shelter", lambda: phone.mark_item(move, 1, s.ItemState.MOVED, None, remark()))
    phone.mark_item(move, 1, s.ItemState.MOVED, 0, remark())
    assert phone.task(move).row.counts.people_accounted == 2
    phone.finish_task(move, remark("done"))
    phone.close_task(move, remark())
    phone.reopen_task(move, None, remark())
    phone.hand_over_task(move, "m2", remark())
    phone.cancel_task(move, None, remark("no longer"))
    grid = s.Audience(is_everyone=False, grids=["g1"], members=[], departments=[], roles=[])
    notice = phone.publish_notice(s.NoticeRecord(salt="", theme=None, title="x", text="y", audience=grid, photos=[],
                                                 from_at=None, until_at=None, asks_read=True))
    phone.read_notice(notice)
    assert phone.notice(notice).is_read


async def main():
    field = s.Field.open(folder, Clock(), Keys(), Watcher())
    phone = Seen(field)
    begin(phone)
    await phone.enrol(invitation)
    await phone.sync()
    assert phone.enrolment().role == s.Role.LEADER and phone.settings().name == "x"
    assert len(phone.check_code()) >= 6
    assert phone.find_grid(fix().position) == "g1"
    first = reports(phone)
    patrols(phone)
    care(phone)
    orders(phone)
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7200))
    hazard = phone.settings().hazards[0].id
    office("warning", "issue", "--hazard", hazard, "--level", "red", "--title", "t", "--text", "x", "--until", until, "--everyone", "--ask-report")
    assert await phone.fetch_base_map() is False, "the township has none"
    assert await phone.wait() is True
    hanging = asyncio.create_task(phone.wait())
    await asyncio.sleep(0)
    figures = await asyncio.wait_for(phone.sync(), 10)
    assert await asyncio.wait_for(hanging, 10) is True, "who hangs at the relay lets go"
    assert figures.entries_receipted > 10 and phone.counts().entries_pending == 0
    office("notice", "publish", "--title", "late", "--text", "x", "--everyone")
    assert await phone.wait() is True
    await phone.sync()
    assert phone.count(query(text="late")) == 1, "a sync with nothing to send fetches as well"
    warning = phone.list(query(kinds=[s.DocumentKind.WARNING])).items[0].row[0].document
    phone.report_post(warning, None, s.PostReport.SAFE, 3, remark())
    phone.acknowledge_warning(warning)
    assert phone.warning(warning).is_acknowledged
    assert phone.held() == []
    refused(s.FieldError.FixInput, "held_wrong_state", lambda: phone.try_again("00" * 32))
    assert phone.trim().blobs == 0 and phone.storage().free_bytes > 0
    assert phone.base_map() is None and phone.base_map_tile(1, 0, 0) is None
    assert phone.export_held(folder + "-held").entries == 0
    assert phone.salvage() is None and phone.revoked() is None
    phone.salvage_seen()
    assert Watcher.told > 30
    panic(phone, first)
    phone.shut()
    other = Seen(s.Field.open(folder + "-2", Clock(), Keys(), Watcher()))
    refused_typed = False
    try:
        await other.enrol_typed(address, "AAAAA-AAAAA-AAAAA-AAAAA")
    except s.FieldError:
        refused_typed = True
    assert refused_typed
    await other.enrol_typed(address, code)
    assert other.enrolment().township_name == "x"
    functions()
    every = {name for name in vars(s.Field) if not name.startswith("_") and name != "open"}
    assert every <= called, f"not called: {sorted(every - called)}"


def panic(phone, document):
    """A panic becomes an error; the store is opened anew and has everything."""
    Clock.is_broken = True
    refused(s.FieldError.Report, "panic", lambda: phone.report(report("lost?")))
    Clock.is_broken = False
    assert phone.incident(document).incident.category.value == "fire_risk"
    phone.report(report("after"))
    phone.shut()
    assert phone.incident(document).document == document


def functions():
    assert s.read_qr(bytes(100), 10, 10) is None and s.read_qr(b"", 10, 10) is None
    assert len(s.sensitive_numbers("电话 13800138000")) == 1
    here = fix().position
    assert 300 < s.distance_m(here, s.for_amap(here)) < 900 and s.distance_m(here, s.for_baidu(here)) > 500


asyncio.run(main())
print("every method was called:", len(called))
