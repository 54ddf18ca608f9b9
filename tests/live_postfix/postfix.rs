//! A Postfix of its own: configuration, queue and data in a folder that goes with the test.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::plan::{RELAY, SETTINGS};

/// The command that controls Postfix, where Debian's package has it.
pub(crate) const COMMAND: &str = "/usr/sbin/postfix";

/// The services that a relay needs, as in the package's `master.cf`, none of them in a chroot.
/// There is no `postlog`: the test takes the log records itself, at once.
const SERVICES: &str = "\
smtp      inet  n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
";

/// A running server.
#[derive(Debug)]
pub(crate) struct Postfix {
    master: Child,
}

/// Writes the configuration and makes the queue's folders; returns the socket at which log records
/// arrive.
pub(crate) fn prepare(folder: &Path) -> io::Result<UnixDatagram> {
    // Postfix's processes run as its own user and must find their way.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    let (queue, data) = (folder.join("queue"), folder.join("data"));
    fs::create_dir(folder.join("etc"))?;
    fs::create_dir(&queue)?;
    fs::create_dir(&data)?;
    run(Command::new("chown").arg("postfix").arg(&data))?;
    fs::write(folder.join("etc/master.cf"), SERVICES)?;
    let mut main = format!(
        "compatibility_level = 3.6\n\
         queue_directory = {}\n\
         data_directory = {}\n\
         myhostname = {}\n\
         mydestination =\n\
         mynetworks = 10.0.0.0/24\n\
         inet_interfaces = {}\n\
         inet_protocols = ipv4\n\
         alias_maps =\n\
         alias_database =\n\
         notify_classes =\n",
        queue.display(),
        data.display(),
        RELAY.name,
        RELAY.address,
    );
    for (name, value) in SETTINGS {
        main.push_str(&format!("{name} = {value}\n"));
    }
    fs::write(folder.join("etc/main.cf"), &main)?;
    run(Command::new(COMMAND).arg("-c").arg(folder.join("etc")).arg("check"))?;
    // A log file makes Postfix send its records to the socket of `postlog`. Nobody writes the file,
    // and as there is no such service, which `check` demands, this comes last.
    let folder = folder.display();
    main.push_str(&format!("maillog_file = {folder}/log\nmaillog_file_prefixes = {folder}\n"));
    fs::write(format!("{folder}/etc/main.cf"), main)?;
    UnixDatagram::bind(queue.join("public/postlog"))
}

impl Postfix {
    /// Starts the server prepared in `folder` and waits until its port answers.
    pub(crate) fn start(folder: &Path) -> io::Result<Self> {
        let configuration = folder.join("etc");
        let daemons =
            run(Command::new("/usr/sbin/postconf").args(["-d", "-h", "daemon_directory"]))?;
        let master = PathBuf::from(daemons.trim()).join("master");
        // With `-d` it stays our child, whose id we know.
        let mut command = Command::new(master);
        command.arg("-c").arg(configuration).arg("-d").stdin(Stdio::null());
        let postfix = Self { master: command.spawn()? };
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect((RELAY.address, 25)).is_err() {
            if Instant::now() > deadline {
                return Err(io::Error::other("Postfix does not answer on its port"));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(postfix)
    }
}

impl Drop for Postfix {
    /// Ends the server; what it started ends with the laboratory's process namespace.
    fn drop(&mut self) {
        let _ = self.master.kill();
        let _ = self.master.wait();
    }
}

/// Runs a command; returns what it prints.
///
/// # Errors
/// What the command says, if it fails.
pub(crate) fn run(command: &mut Command) -> io::Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(format!("{command:?}: {}: {said}", output.status)))
}
