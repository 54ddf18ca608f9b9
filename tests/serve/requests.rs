//! Who is answered, and who is not.

use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::browser::{SCENARIO, Serving};

#[test]
fn the_page_is_served_and_nothing_else() {
    let serving = Serving::start(SCENARIO, &[]);
    let page = serving.get("/").with(200);
    assert!(page.body.contains("A small network"));
    let policy =
        page.head.lines().find(|line| line.starts_with("Content-Security-Policy")).unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"),
        "{policy}"
    );
    assert!(
        policy.contains("script-src 'nonce-") && !policy.contains("script-src 'unsafe"),
        "{policy}"
    );
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
    assert!(page.body.contains(&format!("<script nonce=\"{nonce}\">")));
    for field in
        ["Cache-Control: no-store", "X-Content-Type-Options: nosniff", "X-Frame-Options: DENY"]
    {
        assert!(page.head.contains(field), "{field} is not in {}", page.head);
    }
    for path in [
        "/etc/passwd",
        "//etc/passwd",
        "/../served.toml",
        "/%2e%2e/served.toml",
        "/served.toml",
        "/scenario.toml/",
        "/.",
        "*",
        "http://127.0.0.1/",
    ] {
        let answer = serving.get(path).with(404);
        assert!(answer.body.contains("The page of the run is at /."), "{}", answer.body);
        assert!(!answer.body.contains("root"));
    }
    let head = serving.raw(&format!("HEAD / HTTP/1.1\r\n{}\r\n", serving.host())).with(200);
    assert!(head.body.is_empty());
    for (method, path, allowed) in [
        ("PUT", "/", "GET, HEAD"),
        ("POST", "/", "GET, HEAD"),
        ("DELETE", "/scenario.toml", "GET, HEAD"),
        ("GET", "/change", "POST"),
        ("HEAD", "/save", "POST"),
        ("BREW", "/cancel", "POST"),
    ] {
        let request = format!("{method} {path} HTTP/1.1\r\n{}\r\n", serving.host());
        let answer = serving.raw(&request).with(405);
        assert!(answer.head.contains(&format!("Allow: {allowed}\r\n")), "{method} {path}");
    }
}

/// Linux says who listens where.
#[cfg(target_os = "linux")]
#[test]
fn no_other_machine_can_reach_it() {
    let serving = Serving::start(SCENARIO, &[]);
    let listens = |file: &str| -> Vec<String> {
        let table = std::fs::read_to_string(file).unwrap_or_default();
        let port = format!(":{:04X}", serving.port);
        let rows = table.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
        let own = rows.filter(|row| row[3] == "0A" && row[1].ends_with(&port));
        own.map(|row| row[1].to_owned()).collect()
    };
    // 127.0.0.1 in the order of octets of this machine.
    let loopback = u32::from_ne_bytes([127, 0, 0, 1]);
    let expected = format!("{loopback:08X}:{:04X}", serving.port);
    assert_eq!(listens("/proc/net/tcp"), [expected]);
    assert!(listens("/proc/net/tcp6").is_empty());
}

#[test]
fn only_its_own_page_is_listened_to() {
    let serving = Serving::start(SCENARIO, &[]);
    let port = serving.port;
    // A page of another site whose name was made to lead here still says its own name.
    for host in ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1.evil.example", "[::1]"]
    {
        let answer = serving.raw(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).with(403);
        assert!(!answer.body.contains("script"), "{host}");
    }
    serving.raw("GET / HTTP/1.1\r\n\r\n").with(400);
    let host = serving.host();
    serving.raw(&format!("GET / HTTP/1.1\r\n{host}Host: evil.example\r\n\r\n")).with(400);
    serving.raw(&format!("GET / HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n")).with(200);

    let body = r#"{"revision":0,"wish":{"change":{"do":"set","argument":"seed=4"}}}"#;
    let post = |fields: &str| {
        let length = body.len();
        serving.raw(&format!(
            "POST /change HTTP/1.1\r\n{host}{fields}Content-Length: {length}\r\n\r\n{body}"
        ))
    };
    let json = "Content-Type: application/json\r\n";
    let own = format!("Origin: http://127.0.0.1:{port}\r\n");
    post(json).with(403);
    post(&format!("{json}Origin: http://evil.example\r\n")).with(403);
    post(&format!("{json}Origin: null\r\n")).with(403);
    post(&format!("{json}Origin: http://127.0.0.1:{}\r\n", port ^ 1)).with(403);
    // What a form of another page could send.
    post(&own).with(415);
    post(&format!("{own}Content-Type: text/plain\r\n")).with(415);
    assert_eq!(serving.data("live")["revision"], 0);
    post(&format!("{own}Content-Type: application/json; charset=utf-8\r\n")).with(200);
    assert_eq!(serving.data("live")["revision"], 1);
}

#[test]
fn everything_has_a_bound() {
    let serving = Serving::start(SCENARIO, &[]);
    let (host, port) = (serving.host(), serving.port);
    let post = format!(
        "POST /change HTTP/1.1\r\n{host}Origin: http://127.0.0.1:{port}\r\n\
         Content-Type: application/json\r\n"
    );
    let large = " ".repeat(2 << 20);
    let answer =
        serving.raw(&format!("{post}Content-Length: {}\r\n\r\n{large}", large.len())).with(413);
    assert!(answer.body.contains("1048576"), "{}", answer.body);
    serving.raw(&format!("{post}Content-Length: 99999999999999999999999\r\n\r\n")).with(411);
    serving.raw(&format!("{post}Content-Length: -1\r\n\r\n")).with(411);
    serving.raw(&format!("{post}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{{}}")).with(411);
    serving.raw(&format!("{post}\r\n")).with(411);
    serving.raw(&format!("{post}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")).with(411);
    serving.raw(&format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(40_000))).with(431);
    let fields: String = (0..100).map(|n| format!("X{n}: y\r\n")).collect();
    serving.raw(&format!("GET / HTTP/1.1\r\n{fields}\r\n")).with(431);
    serving.raw("EHLO mx.example\r\n\r\n").with(400);
    serving.raw("\u{1}\u{2}\u{3}\r\n\r\n").with(400);
    for body in [
        "",
        "{",
        "[]",
        "{\"revision\":0}",
        "{\"revision\":-1,\"wish\":\"undo\"}",
        "{\"revision\":0,\"wish\":\"do it\"}",
        "{\"revision\":0,\"wish\":\"undo\",\"more\":1}",
        "{\"revision\":0,\"wish\":{\"change\":{\"do\":\"mail\"}}}",
        "{\"revision\":0,\"wish\":{\"change\":{\"do\":\"end\",\"outage\":0,\"at\":\"1h\",\"x\":1}}}",
    ] {
        let error = serving.post("/change", body).with(400).error();
        assert!(error.contains("cannot be read"), "{body}: {error}");
    }
    assert_eq!(serving.data("live")["revision"], 0);
}

#[test]
fn a_slow_client_holds_nobody_up() {
    let serving = Serving::start(SCENARIO, &[]);
    let mut slow: Vec<_> = (0..50).map(|_| serving.connect()).collect();
    for stream in &mut slow {
        stream.write_all(b"GET / HT").unwrap();
    }
    let begun = Instant::now();
    serving.get("/").with(200);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // They hold up the end no more than they hold up others.
    let begun = Instant::now();
    let (status, _, _) = serving.interrupt();
    assert_eq!(status, Some(0));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn ctrl_c_is_its_regular_end() {
    let serving = Serving::start(SCENARIO, &[]);
    serving.get("/").with(200);
    let (status, said, folder) = serving.interrupt();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("Ctrl-C ends"), "{said}");
    // Nothing temporary is left behind.
    assert_eq!(std::fs::read_dir(folder.path().join("temporary")).unwrap().count(), 0);
}

#[test]
fn a_port_that_is_taken_is_an_error_with_a_way_out() {
    let serving = Serving::start(SCENARIO, &[]);
    let port = serving.port.to_string();
    let output = crate::browser::mailsim(serving.folder.path())
        .args(["serve", "served.toml", "--port", &port])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains(&port) && said.contains("leave out --port"), "{said}");
}
