use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::task::JoinHandle;

use super::harness::{QUICK, Running, closed_after, read_all, start, status};

/// Limits may be kept late on a busy machine, never early.
const ROOM: Duration = Duration::from_secs(8);

#[tokio::test(flavor = "multi_thread")]
async fn we6_a_header_that_never_ends_is_cut() {
    let server = start(QUICK).await;
    let mut socket = server.connect().await;
    socket.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX: ").await.unwrap();
    let took = closed_after(&mut socket).await;
    assert!(took >= Duration::from_millis(350) && took < ROOM, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn we6_a_header_that_trickles_is_cut_too() {
    let server = start(QUICK).await;
    let (mut reader, mut writer) = server.connect().await.into_split();
    let trickle = tokio::spawn(async move {
        writer.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX: ").await.unwrap();
        for _ in 0..2000 {
            if writer.write_all(b"x").await.is_err() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    });
    let mut rest = Vec::new();
    let _ = reader.read_to_end(&mut rest).await;
    assert!(trickle.await.unwrap(), "the trickle went on for ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn we6_half_a_preface_of_http2_is_cut() {
    let server = start(QUICK).await;
    let mut socket = server.connect().await;
    socket.write_all(b"PRI * HTTP/2.0\r\n").await.unwrap();
    assert!(closed_after(&mut socket).await < ROOM);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_lives_longer_than_a_header_and_is_then_closed() {
    let server = start(QUICK).await;
    let mut socket = server.connect().await;
    let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    socket.write_all(request).await.unwrap();
    assert_eq!(status(&read_all(&mut socket, Duration::from_millis(300)).await), 200);
    // Longer than header_timeout, shorter than idle_timeout.
    tokio::time::sleep(Duration::from_millis(300)).await;
    socket.write_all(request).await.unwrap();
    assert_eq!(status(&read_all(&mut socket, Duration::from_millis(300)).await), 200);
    let took = closed_after(&mut socket).await;
    assert!(took >= Duration::from_millis(600) && took < ROOM, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_from_the_start_is_closed() {
    let server = start(QUICK).await;
    let mut socket = server.connect().await;
    assert!(closed_after(&mut socket).await < ROOM);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_does_not_read_is_cut() {
    let server = start(QUICK).await;
    let mut socket = server.connect().await;
    socket.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut got = Vec::new();
    let _ = socket.read_to_end(&mut got).await;
    assert!(got.len() < 8 * 1024 * 1024, "all of it arrived: the socket buffers were larger than the answer");
    assert!(server.is_well().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn half_open_sockets_do_not_keep_others_out() {
    let server = start(QUICK).await;
    let mut sockets = Vec::new();
    for _ in 0..300 {
        let mut socket = server.connect().await;
        socket.write_all(b"GET / HT").await.unwrap();
        sockets.push(socket);
    }
    assert!(server.is_well().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_house_lets_the_next_in_when_one_leaves() {
    let server = start(&format!("{QUICK}server.max_connections = 2\n")).await;
    let (first, _second) = (server.connect().await, server.connect().await);
    let mut third = server.connect().await;
    third.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    drop(first);
    assert_eq!(status(&read_all(&mut third, Duration::from_secs(5)).await), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_works_on_the_same_port() {
    let server = start(QUICK).await;
    let client = reqwest::Client::builder().http2_prior_knowledge().no_proxy().build().unwrap();
    for _ in 0..3 {
        let answer = client.get(format!("http://{}/", server.address)).send().await.unwrap();
        assert_eq!(answer.version(), reqwest::Version::HTTP_2);
        assert_eq!(answer.text().await.unwrap(), "hello");
    }
}

const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;

/// A frame of HTTP/2 (RFC 9113 section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A client that says exactly what it is told to: it has asked for a path; what it hears is collected until the server closes.
async fn asking(server: &Running, path: &str) -> (OwnedWriteHalf, JoinHandle<Vec<u8>>) {
    let (mut reader, mut writer) = server.connect().await.into_split();
    // RFC 7541: GET and http from the static table, path and authority as literals.
    let length = u8::try_from(path.len()).unwrap();
    let fields = [&[0x82, 0x86, 0x04, length], path.as_bytes(), &[0x01, 1, b'a']].concat();
    let request = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(SETTINGS, 0, 0, &[]), frame(HEADERS, 5, 1, &fields)].concat();
    writer.write_all(&request).await.unwrap();
    let heard = tokio::spawn(async move {
        let mut all = Vec::new();
        let _ = reader.read_to_end(&mut all).await;
        all
    });
    (writer, heard)
}

/// Pings until the server closes; what was heard, and how long it took.
async fn pinging(mut writer: OwnedWriteHalf, heard: JoinHandle<Vec<u8>>) -> (Vec<u8>, Duration) {
    let started = std::time::Instant::now();
    while !heard.is_finished() {
        assert!(started.elapsed() < Duration::from_secs(20), "pings alone kept the connection");
        let _ = writer.write_all(&frame(PING, 0, 0, &[7; 8])).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    (heard.await.unwrap(), started.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn pings_alone_do_not_keep_a_connection_of_http2() {
    let server = start(QUICK).await;
    let (writer, heard) = asking(&server, "/").await;
    let (heard, took) = pinging(writer, heard).await;
    assert!(heard.windows(5).any(|part| part == b"hello"), "it was answered");
    assert!(took >= Duration::from_millis(600) && took < ROOM, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_http2_that_is_being_read_keeps_its_connection() {
    let server = start("server.idle_timeout = \"2s\"\n").await;
    let (mut writer, heard) = asking(&server, "/large").await;
    // More than twice the limit, 64 KiB at a time.
    for _ in 0..50 {
        let more = 65_535_u32.to_be_bytes();
        writer
            .write_all(&[frame(WINDOW_UPDATE, 0, 0, &more), frame(WINDOW_UPDATE, 0, 1, &more)].concat())
            .await
            .expect("the connection lives");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(!heard.is_finished(), "cut although it was being read");
    // Nobody reads any more.
    let (heard, _) = pinging(writer, heard).await;
    assert!((1_000_000..8 * 1024 * 1024).contains(&heard.len()), "{}", heard.len());
}
