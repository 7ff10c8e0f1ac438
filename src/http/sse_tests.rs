use crate::http::sse::*;

/// Name, data and id of every event of a body that comes in these parts.
fn events(parts: &[&[u8]]) -> Vec<(String, String, Option<String>)> {
    let mut events = Events::default();
    for part in parts {
        events.push(part).unwrap();
    }
    events.map(|event| (event.name, event.data, event.id)).collect()
}

/// Only the data.
fn data(body: &str) -> Vec<String> {
    events(&[body.as_bytes()]).into_iter().map(|(_, data, _)| data).collect()
}

#[test]
fn the_examples_of_the_standard() {
    assert_eq!(data("data: YHOO\ndata: +2\ndata: 10\n\n"), ["YHOO\n+2\n10"]);
    let body = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n";
    let found = events(&[body]);
    let message = |data: &str, id: Option<&str>| ("message".to_owned(), data.to_owned(), id.map(str::to_owned));
    assert_eq!(
        found,
        [message("first event", Some("1")), message("second event", None), message(" third event", None)]
    );
    // The last event has no empty line after it.
    assert_eq!(data("data\n\ndata\ndata\n\ndata:"), ["", "\n"]);
    assert_eq!(data("data:test\n\ndata: test\n\n"), ["test", "test"]);
}

#[test]
fn every_line_end_at_every_place_where_a_body_can_be_cut() {
    let lines =
        ["\u{feff}event: delta", "id: 7", "data: grüße", "data: {\"a\": 1}", ": a comment", "", "data: end", "", ""];
    for end in ["\n", "\r", "\r\n"] {
        let body = lines.join(end).into_bytes();
        let whole = events(&[&body]);
        let id = Some("7".to_owned());
        let first = ("delta".to_owned(), "grüße\n{\"a\": 1}".to_owned(), id.clone());
        assert_eq!(whole, [first, ("message".to_owned(), "end".to_owned(), id)], "{end:?}");
        for cut in 0..=body.len() {
            let (left, right) = body.split_at(cut);
            assert_eq!(events(&[left, right]), whole, "{end:?} cut at {cut}");
        }
        let bytes: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(events(&bytes), whole, "{end:?} byte by byte");
    }
}

#[test]
fn an_event_is_there_with_its_carriage_return_and_not_with_the_byte_after_it() {
    let mut events = Events::default();
    events.push(b"data: a\r\n\r").unwrap();
    assert_eq!(events.next().unwrap().data, "a");
    events.push(b"\ndata: b\r\r").unwrap();
    assert_eq!(events.next().unwrap().data, "b");
    assert_eq!(events.next(), None);
}

#[test]
fn what_is_no_event_gives_none() {
    for body in
        ["", "\n\n\n", ": comment\n\n", "event: ping\n\n", "retry: 10\n\n", "date: x\n\n", "data: cut", "data: cut\n"]
    {
        assert!(data(body).is_empty(), "{body:?}");
    }
    // A name applies only to its own event, an id also to later ones, and an id with NUL is ignored.
    let found = events(&[b"event: ping\n\nid: 1\nid: 2\0\ndata: a\n\ndata: b\n\n"]);
    assert!(found.iter().all(|(name, _, id)| name == "message" && id.as_deref() == Some("1")), "{found:?}");
    assert_eq!(data("\u{feff}data: a\n\n\u{feff}data: b\n\n"), ["a"]);
    assert_eq!(events(&[b"data: \xff\n\n"])[0].1, "\u{fffd}");
}

#[test]
fn the_last_event_can_be_had_without_its_empty_line() {
    for (body, is_cut, last) in [
        ("data: a\n\ndata: b\n", true, Some("b")),
        ("data: a\n\ndata: b", true, Some("b")),
        ("data: b\r", true, Some("b")),
        ("data: b\ndata: c", true, Some("b\nc")),
        ("data: a\n\ndat", true, None),
        ("data: a\n\n: comment", false, None),
        ("data: a\n\n", false, None),
        ("", false, None),
    ] {
        let mut events = Events::default();
        events.push(body.as_bytes()).unwrap();
        let _ = events.by_ref().count();
        assert_eq!(events.is_cut(), is_cut, "{body:?}");
        events.finish();
        assert_eq!(events.next().map(|event| event.data).as_deref(), last, "{body:?}");
        assert!(!events.is_cut() && events.next().is_none(), "{body:?}");
    }
}

#[test]
fn no_event_grows_without_bound() {
    for part in [&b"x"[..], b"data: x\n", b": x"] {
        let mut events = Events::up_to(1024 * 1024);
        events.push(b"data: before\n\n").unwrap();
        let refused = (0..2_000_000).find_map(|_| events.push(part).err()).unwrap();
        assert_eq!(refused.message(), "an event of the answer is larger than 1 MiB");
        assert_eq!(events.next().unwrap().data, "before");
    }
    let mut events = Events::up_to(16);
    for _ in 0..1000 {
        events.push(b"data: 12345678\n\n").unwrap();
    }
    assert_eq!(events.count(), 1000);
}

#[test]
fn where_a_stream_goes_on_and_when_to_ask_again() {
    let mut events = Events::default();
    events.push(b"id: 1\nretry: 1500\nretry: 2s\ndata: a\n\nid: x\0y\ndata: b\n\n").unwrap();
    assert_eq!((events.last_id(), events.retry()), (Some("1"), Some(Duration::from_millis(1500))));
    // An event that breaks off was not received.
    events.push(b"id: 2\ndata: c").unwrap();
    assert_eq!(events.last_id(), Some("1"));
    events.push(b"\n\nid\n\n").unwrap();
    assert_eq!(events.last_id(), None);
}

mod properties {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Pieces of valid and invalid streams.
    fn piece() -> impl Strategy<Value = Vec<u8>> {
        let known = [
            "data: ", "data", "event: ", "id: ", "retry: ", "\n", "\r", "\r\n", "\n\n", ":", " ", "\u{feff}", "\0", "é",
        ];
        let known = proptest::sample::select(known.to_vec()).prop_map(|text| text.as_bytes().to_vec());
        prop_oneof![3 => known, 1 => vec(any::<u8>(), 0..6)]
    }

    proptest! {
        #[test]
        fn where_a_body_is_cut_changes_nothing(pieces in vec(piece(), 0..40), cuts in vec(0_usize..200, 0..8)) {
            let body = pieces.concat();
            let whole = events(&[&body]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(body.len())).chain([0, body.len()]).collect();
            cuts.sort_unstable();
            let parts: Vec<&[u8]> = cuts.windows(2).map(|cut| &body[cut[0]..cut[1]]).collect();
            prop_assert_eq!(events(&parts), whole);
        }

        #[test]
        fn what_is_written_as_events_is_read_as_them(
            sent in vec(("[a-z]{1,8}", "[^\r\n\0\u{feff}]{0,12}", vec("[^\r\n]{0,12}", 1..4)), 0..6),
            end in proptest::sample::select(vec!["\n", "\r", "\r\n"]),
        ) {
            let mut body = String::new();
            for (name, id, lines) in &sent {
                let fields = [format!("event: {name}"), format!("id: {id}")].into_iter();
                let fields = fields.chain(lines.iter().map(|line| format!("data: {line}")));
                body.extend(fields.chain([String::new()]).map(|line| line + end));
            }
            let expected: Vec<_> = sent
                .into_iter()
                .map(|(name, id, lines)| (name, lines.join("\n"), Some(id).filter(|id| !id.is_empty())))
                .collect();
            prop_assert_eq!(events(&[body.as_bytes()]), expected);
        }

        #[test]
        fn no_event_is_larger_than_the_limit(pieces in vec(piece(), 0..60), limit in 1_usize..40) {
            let mut events = Events::up_to(limit);
            for piece in &pieces {
                if events.push(piece).is_err() {
                    break;
                }
            }
            // Invalid UTF-8 becomes U+FFFD, of three bytes; lines of data are joined with one more.
            prop_assert!(events.all(|event| event.data.len() <= 4 * limit));
        }
    }
}
