//! Files that are none of those that can be read: clear errors, and nothing written.

use std::fs;
use std::io::Write as _;

use crate::program::{fail, findings, read, succeed, text};

#[test]
fn what_is_no_file_of_mail_is_named_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let cases: [(&str, &[u8], &str); 4] = [
        ("poem", b"Lorem ipsum dolor\nsit amet\n", "is neither"),
        ("program", b"\x7fELF\x02\x01\x00\x00", "binary"),
        ("empty", b"", "is neither"),
        ("syslog", b"Nov  3 10:00:00 a cron[1]: job done\n", "none of its 1 lines"),
    ];
    for (name, contents, expected) in cases {
        let path = folder.path().join(name);
        fs::write(&path, contents).unwrap();
        let said = fail(&["import", text(&path), "--out", text(&out)], 2);
        assert!(said.contains(expected), "{name}: {said}");
        assert!(said.contains(name), "{said}");
        assert!(!out.exists(), "{name}: something was written");
    }
    let said = fail(&["import", "/nonexistent/file", "--out", text(&out)], 3);
    assert!(said.contains("/nonexistent/file"), "{said}");
}

const ARRIVAL: &str = "mx postfix/smtpd[1]: 4F00000001: client=a[192.0.2.9]\n";

#[test]
fn a_log_that_goes_back_by_days_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("log"), folder.path().join("out"));
    fs::write(&path, format!("Nov 13 10:00:00 {ARRIVAL}Nov 10 10:00:00 {ARRIVAL}")).unwrap();
    let said = fail(&["import", text(&path), "--out", text(&out)], 3);
    assert!(said.contains("line 2 is 72 hours earlier"), "{said}");
    assert!(!out.exists());
}

#[test]
fn a_folder_of_somebody_else_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("main.cf"), folder.path().join("thesis"));
    fs::write(&path, "myhostname = a.example\n").unwrap();
    fs::create_dir(&out).unwrap();
    fs::write(out.join("chapter1.tex"), "years of work").unwrap();
    fail(&["import", text(&path), "--out", text(&out)], 3);
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
}

#[test]
fn a_line_without_end_is_cut_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("log"), folder.path().join("out"));
    let mut file = std::io::BufWriter::new(fs::File::create(&path).unwrap());
    write!(file, "Nov 13 10:00:00 {ARRIVAL}").unwrap();
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..64 {
        file.write_all(&piece).unwrap();
    }
    write!(file, "\nNov 13 10:00:01 mx postfix/qmgr[1]: 4F00000001: removed\nrubbish\n").unwrap();
    drop(file);
    let said = succeed(&["import", text(&path), "--out", text(&out)]);
    assert!(said.contains("4 lines, 2 that cannot be read"), "{said}");
    assert!(said.contains("line 2:") && said.contains("line 4: rubbish"), "{said}");
    assert!(read(&out.join("scenario.toml")).contains("[[host]]"));
    assert!(!findings(&out, "assumed").is_empty());
}
