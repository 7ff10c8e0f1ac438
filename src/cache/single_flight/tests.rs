use std::cell::Cell;
use std::time::Duration;

use super::*;
use crate::cache::token_cache::{Cache, CacheKey};
use crate::secret::Secret;
use crate::settings::types::{Scopes, TokenUse};
use crate::token::session::RefreshState;
use crate::token::{Token, TokenSet};

/// When the tests run, in milliseconds.
const NOW: u64 = 1_000_000;

fn now() -> u64 {
    NOW
}

/// Tokens that were obtained at `at`, in milliseconds, and live for `seconds` from [`NOW`].
fn served(at: u64, seconds: u64) -> TokenResponse {
    let access = Token { value: Secret::new(format!("of-{at}")), expires_at: Some(NOW / 1000 + seconds) };
    let (asked, renewal) = (Scopes::default(), RefreshState::None);
    let tokens = TokenSet { access, id: None, scope: None, asked, obtained_at: at, renewal };
    TokenResponse { tokens, source: TokenOrigin::Network }
}

struct Place {
    _dir: tempfile::TempDir,
    cache: Cache,
    key: CacheKey,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(Some(dir.path().join("cache")));
        Place { _dir: dir, cache, key: CacheKey::of(&[("kind", "m2m")]) }
    }

    fn flight(&self, cache: CacheUse) -> TokenFlight {
        let policy = CachePolicy {
            token: TokenUse::Access,
            is_for_all: false,
            min_validity: Duration::from_secs(60),
            cache,
            deadline: soon(),
            has_own_secret: true,
        };
        TokenFlight::new(&self.cache, &self.key, &policy)
    }

    fn keep(&self, served: &TokenResponse) {
        self.cache.lock(&self.key, soon()).unwrap().unwrap().keep(&served.tokens);
    }

    /// The turn of a caller that has waited since `since`.
    fn take_turn(&self, cache: CacheUse, since: u64) -> Result<Acquired> {
        take_turn(self.flight(cache), since, soon(), now)
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

fn turn(acquired: Result<Acquired>) -> RefreshGuard {
    match acquired.unwrap() {
        Acquired::Turn(turn) => turn,
        Acquired::Served(served) => panic!("served {:?}", served.tokens.access),
    }
}

#[test]
fn a_failure_is_told_to_those_who_waited_and_to_nobody_later() {
    let place = Place::new();
    let failed =
        turn(place.take_turn(CacheUse::Full, NOW)).finish(Err(Error::network("no").hint("try").with_code("c")));
    assert_eq!(failed.unwrap_err().message(), "no");
    let Err(error) = place.take_turn(CacheUse::Full, NOW - 100) else { panic!("who waited tries again") };
    let (kind, message, hints, code) = (error.kind(), error.message(), error.advice(), error.code());
    assert_eq!((kind, message, hints, code), (Kind::Network, "no", &["try".into()][..], Some("c")));
    // The next caller tries again, and success removes the note.
    turn(place.take_turn(CacheUse::Full, NOW + 1)).finish(Ok(served(NOW - 500, 90))).unwrap();
    assert!(matches!(place.take_turn(CacheUse::Renew, NOW - 100), Ok(Acquired::Turn(_))));
}

#[test]
fn a_failure_of_one_caller_alone_is_not_shared() {
    let place = Place::new();
    let failures = [
        (Error::new(Kind::Refused, "my secret is wrong"), soon()),
        (Error::new(Kind::NeedsHuman, "I have no terminal"), soon()),
        (Error::network("I ran out of time"), Instant::now()),
        (Error::network("my AWS profile gives no credentials").without_credentials(), soon()),
    ];
    for (error, deadline) in failures {
        let Ok(Acquired::Turn(turn)) = take_turn(place.flight(CacheUse::Full), NOW, deadline, now) else { panic!() };
        turn.finish(Err(error)).unwrap_err();
        assert!(matches!(place.take_turn(CacheUse::Full, NOW - 100), Ok(Acquired::Turn(_))));
    }
}

#[test]
fn what_another_caller_fetched_meanwhile_is_served_whatever_its_life() {
    let place = Place::new();
    place.keep(&served(NOW - 50, 10));
    for cache in [CacheUse::Full, CacheUse::Renew] {
        assert!(matches!(place.take_turn(cache, NOW - 100), Ok(Acquired::Served(_))));
        let turn = turn(place.take_turn(cache, NOW));
        assert_eq!(turn.previous().unwrap().access.value.expose(), "of-999950");
    }
    let bypass = turn(place.take_turn(CacheUse::Bypass, NOW - 100));
    assert!(bypass.previous().is_none() && !bypass.is_exclusive());
}

#[test]
fn where_the_network_fails_a_cached_token_that_is_valid_is_served_unless_a_new_one_is_wanted() {
    let place = Place::new();
    place.keep(&served(NOW - 5000, 10));
    let failed = |cache, error| get_or_fetch(place.flight(cache), soon(), now, |_| Err(error));
    assert!(failed(CacheUse::Full, Error::new(Kind::Refused, "no")).is_err());
    assert_eq!(failed(CacheUse::Full, Error::network("no")).unwrap().source, TokenOrigin::Cache);
    assert!(failed(CacheUse::Renew, Error::network("no")).is_err());
}

/// A flight that counts the reads of its cache.
struct Counted<'a>(TokenFlight, &'a Cell<u32>);

impl Flight for Counted<'_> {
    type Value = TokenResponse;
    type Record = <TokenFlight as Flight>::Record;
    const NAME: &'static str = TokenFlight::NAME;

    fn read(&self, now: u64) -> Option<TokenResponse> {
        self.1.set(self.1.get() + 1);
        self.0.read(now)
    }

    fn record(&self, value: &TokenResponse, now: u64) -> Option<Self::Record> {
        self.0.record(value, now)
    }

    fn lock(&self, deadline: Instant) -> Result<Option<StateLock<Self::Record>>> {
        self.0.lock(deadline)
    }

    fn is_enough(&self, value: &TokenResponse, since: Option<u64>, now: u64) -> bool {
        self.0.is_enough(value, since, now)
    }

    fn is_valid(&self, value: &TokenResponse, now: u64) -> bool {
        self.0.is_valid(value, now)
    }
}

#[test]
fn the_cache_is_read_once_before_the_lock_and_once_after_it() {
    let (place, reads) = (Place::new(), Cell::new(0));
    let get = |seconds| {
        let flight = Counted(place.flight(CacheUse::Full), &reads);
        let got = get_or_fetch(flight, soon(), now, |_| Ok(served(NOW, seconds)));
        (got.unwrap().source, reads.replace(0))
    };
    assert_eq!(get(30), (TokenOrigin::Network, 2));
    // Too short-lived for the other caller, who finds and renews it.
    place.keep(&served(NOW - 5000, 30));
    assert_eq!(get(90), (TokenOrigin::Network, 2));
    assert_eq!(get(90), (TokenOrigin::Cache, 1));
}
