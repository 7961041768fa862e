use std::time::Duration;

use super::*;
use crate::config::Period;

fn config(threads: usize, queue: usize) -> PasswordConfig {
    PasswordConfig {
        memory_kib: 64,
        iterations: 2,
        lanes: 1,
        threads,
        queue,
        deadline: Period::seconds(20),
        min_length: 15,
        max_length: 128,
    }
}

fn root() -> RootKeys {
    RootKeys::in_memory(&Random::seeded(1))
}

fn pool(config: &PasswordConfig) -> PasswordPool {
    PasswordPool::start(config, &root(), Random::system()).unwrap()
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

const RIGHT: Verdict = Verdict::Right { needs_rehash: false };

#[tokio::test]
async fn pw4_a_password_matches_itself_exactly() {
    let pool = pool(&config(2, 64));
    let stored = pool.hash(secret("a rather long p\u{e9}ssword")).await.unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=64,t=2,p=1,keyid=AQ$"));
    let verify = |password: &str| pool.verify(secret(password), Some(stored.clone()));
    assert_eq!(verify("a rather long p\u{e9}ssword").await, Ok(RIGHT));
    assert_eq!(verify("a rather long pe\u{301}ssword").await, Ok(RIGHT));
    for wrong in ["a rather long p\u{e9}ssword ", "A rather long p\u{e9}ssword", "a rather long", "a rather long pessword", "", "\0"] {
        assert_eq!(verify(wrong).await, Ok(Verdict::Wrong), "{wrong}");
    }
    let long = "x".repeat(128);
    let stored = pool.hash(secret(&long)).await.unwrap();
    assert_eq!(pool.verify(secret(&long[..127]), Some(stored.clone())).await, Ok(Verdict::Wrong));
    assert_eq!(pool.verify(secret(&long), Some(stored.clone())).await, Ok(RIGHT));
    assert_ne!(pool.hash(secret(&long)).await.unwrap(), stored, "every hash has its own salt");
}

#[tokio::test]
async fn pw10_the_hash_is_argon2id_keyed_with_the_pepper() {
    let pool = pool(&config(1, 4));
    let stored = pool.hash(secret("password")).await.unwrap();
    let phc = phc::Phc::parse(&stored).unwrap();
    let expected = |pepper: &[u8]| {
        let params = argon2::Params::new(64, 2, 1, Some(32)).unwrap();
        let argon2 = argon2::Argon2::new_with_secret(pepper, argon2::Algorithm::Argon2id, argon2::Version::V0x13, params).unwrap();
        let mut hash = vec![0; 32];
        argon2.hash_password_into(b"password", &phc.salt, &mut hash).unwrap();
        hash
    };
    let peppers = root().derive_from_peppers(&[b"concord/password/v1"]);
    assert_eq!(phc.hash, expected(peppers[&1].as_slice()));
    assert_ne!(phc.hash, expected(b""));
    let stranger = PasswordPool::start(&config(1, 4), &RootKeys::in_memory(&Random::seeded(2)), Random::system()).unwrap();
    assert_eq!(stranger.verify(secret("password"), Some(stored)).await, Ok(Verdict::Wrong));
}

#[tokio::test]
async fn pw10_older_parameters_and_peppers_still_match_and_ask_for_a_new_hash() {
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    let other = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    let before = RootKeys::from_values(key, &[(1, key)], None).unwrap();
    let after = RootKeys::from_values(key, &[(1, key), (2, other)], None).unwrap();
    let start = |config: &PasswordConfig, root| PasswordPool::start(config, root, Random::system()).unwrap();
    let stored = start(&config(1, 4), &before).hash(secret("password")).await.unwrap();

    let stronger = PasswordConfig { memory_kib: 128, ..config(1, 4) };
    for newer in [start(&config(1, 4), &after), start(&stronger, &before)] {
        assert_eq!(newer.verify(secret("password"), Some(stored.clone())).await, Ok(Verdict::Right { needs_rehash: true }));
        let fresh = newer.hash(secret("password")).await.unwrap();
        assert_eq!(newer.verify(secret("password"), Some(fresh)).await, Ok(RIGHT));
        assert_eq!(newer.verify(secret("another"), Some(stored.clone())).await, Ok(Verdict::Wrong));
    }
    let fresh = start(&config(1, 4), &after).hash(secret("password")).await.unwrap();
    assert!(fresh.contains("keyid=Ag$"));
    assert_eq!(start(&config(1, 4), &before).verify(secret("password"), Some(fresh)).await, Ok(Verdict::Wrong));
    // A stronger hash in a weaker pool, and back: memory grows and shrinks.
    let strong = start(&stronger, &before).hash(secret("password")).await.unwrap();
    let weak = start(&config(1, 4), &before);
    for _ in 0..2 {
        assert_eq!(weak.verify(secret("password"), Some(strong.clone())).await, Ok(Verdict::Right { needs_rehash: true }));
        assert_eq!(weak.verify(secret("password"), Some(stored.clone())).await, Ok(RIGHT));
    }
}

/// Counts instead of measuring: tests assert no times.
#[test]
fn pw9_an_unknown_name_costs_as_much_as_a_known_one() {
    let mut hasher = Hasher::new(Recipe::new(&config(1, 1), &root(), Random::seeded(3)).unwrap());
    let stored = hasher.hash("password");
    assert!(hasher.take_worked());
    for stored in [Some(stored.as_str()), None, Some("unreadable"), Some(&stored.replace("keyid=AQ", "keyid=Bw"))] {
        let verdict = hasher.verify("passw0rd", stored);
        assert_eq!((verdict, hasher.take_worked()), (Verdict::Wrong, true), "{stored:?}");
    }
    // Not even the dummy's own preimage would be let in: there is no "right" without a stored hash.
    assert_eq!(hasher.verify("password", None), Verdict::Wrong);
}

#[tokio::test]
async fn overlong_input_is_wrong_without_work() {
    let pool = pool(&config(1, 4));
    assert_eq!(pool.verify(secret(&"x".repeat(10_000_000)), None).await, Ok(Verdict::Wrong));
    assert_eq!(pool.shared.usual.load(Ordering::Relaxed), 0);
}

/// A job that holds its thread until the sender is dropped, and a sign that it has begun.
fn block(pool: &PasswordPool) -> (std::sync::mpsc::Sender<()>, std::sync::mpsc::Receiver<()>) {
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let (begun, begins) = std::sync::mpsc::channel();
    let run = Box::new(move |_: &mut Hasher| {
        begun.send(()).unwrap();
        let _ = wait.recv();
    });
    pool.push(Job { until: clock::monotonic() + Duration::from_mins(1), run }).unwrap();
    (release, begins)
}

#[tokio::test]
async fn a_full_queue_sheds_at_once_and_recovers() {
    let pool = Arc::new(pool(&config(1, 3)));
    let (release, begins) = block(&pool);
    begins.recv().unwrap();
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.verify(secret("password"), None).await })
        })
        .collect();
    while pool.waiting() < 3 {
        tokio::task::yield_now().await;
    }
    for _ in 0..100 {
        assert_eq!(pool.verify(secret("password"), None).await, Err(Busy));
        assert_eq!(pool.hash(secret("password")).await, Err(Busy));
    }
    drop(release);
    for one in waiting {
        assert_eq!(one.await.unwrap(), Ok(Verdict::Wrong));
    }
    assert_eq!(pool.verify(secret("password"), None).await, Ok(Verdict::Wrong));
}

#[tokio::test]
async fn whoever_waits_too_long_hears_busy_and_costs_nothing() {
    let pool = pool(&PasswordConfig { deadline: Period::millis(30), ..config(1, 3) });
    let (release, begins) = block(&pool);
    begins.recv().unwrap();
    assert_eq!(pool.verify(secret("password"), None).await, Err(Busy));
    // Known to be slow: nobody is let into a queue that is longer than the deadline.
    pool.shared.usual.store(1_000_000, Ordering::Relaxed);
    assert_eq!(pool.waiting(), 1);
    let before = pool.waiting();
    assert_eq!(pool.verify(secret("password"), None).await, Err(Busy));
    assert_eq!(pool.waiting(), before);
    pool.shared.usual.store(0, Ordering::Relaxed);
    drop(release);
    while pool.waiting() > 0 {
        tokio::task::yield_now().await;
    }
    let _ = pool.verify(secret("password"), None).await;
}

#[tokio::test]
async fn a_dropped_request_is_not_worked_for() {
    let pool = pool(&config(1, 8));
    let (release, begins) = block(&pool);
    begins.recv().unwrap();
    let run = tokio::time::timeout(Duration::from_millis(1), pool.verify(secret("password"), None));
    assert!(run.await.is_err());
    drop(release);
    while pool.waiting() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(pool.shared.usual.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_panic_costs_one_answer_and_no_thread() {
    let pool = pool(&config(1, 8));
    assert_eq!(pool.submit(|_: &mut Hasher| -> () { panic!("on purpose") }).await, Err(Busy));
    assert_eq!(pool.verify(secret("password"), None).await, Ok(Verdict::Wrong));
}

#[tokio::test]
async fn choosing_is_checking_and_hashing() {
    let pool = pool(&config(1, 8));
    let choose = |password: &str| pool.choose(secret(password), Rules { minimum: 15, maximum: 128 }, vec!["Ivan Petrov".into()]);
    assert_eq!(choose("short").await, Ok(Err(Weakness::TooShort { minimum: 15 })));
    assert_eq!(choose("ivanpetrovivanpetrov").await, Ok(Err(Weakness::Guessable)));
    let stored = choose("shelf umbrella seventeen").await.unwrap().unwrap();
    assert_eq!(pool.verify(secret("shelf umbrella seventeen"), Some(stored)).await, Ok(RIGHT));
}

#[test]
fn impossible_parameters_stop_the_start() {
    let wrong = PasswordConfig { memory_kib: 4, ..config(1, 1) };
    assert!(matches!(PasswordPool::start(&wrong, &root(), Random::system()), Err(StartError::Parameters)));
}
