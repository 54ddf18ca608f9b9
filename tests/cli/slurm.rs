//! `mailsim study --slurm` with a real Slurm, started for the test in a private folder on loopback.
//!
//! Needs Debian's `slurm-wlm` and `munge`; `.ci/run` installs them and demands the test. The loss of
//! a node takes half a minute and is left to a command of its own:
//! `cargo test --test cli -- --ignored a_node_that_is_lost`.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::left_out::left_out;
use crate::program::{call, contents, folder, mailsim, scenario};

/// Daemons of a cluster on this machine; they end with it.
struct Cluster {
    /// Holds the configuration, sockets and logs of the daemons.
    place: tempfile::TempDir,
    nodes: Vec<u32>,
    others: Vec<u32>,
}

fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(name)).find(|file| file.exists())
}

fn installed() -> bool {
    ["sbatch", "squeue", "scontrol", "slurmctld", "slurmd", "munged"]
        .iter()
        .all(|name| program(name).is_some())
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(180), "{what}: not within three minutes");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Runs a program that goes into the background by itself.
fn start(name: &str, arguments: &[&str]) {
    let mut command = Command::new(program(name).unwrap());
    let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{name}: {errors}");
}

fn pid(file: &Path) -> u32 {
    wait_for("a daemon's pid", || fs::read_to_string(file).ok()?.trim().parse().ok())
}

impl Cluster {
    /// Starts a controller and so many nodes of two processors each.
    fn start(nodes: u16) -> Self {
        let place = folder();
        let path = place.path();
        let at = |name: &str| path.join(name).to_str().unwrap().to_owned();
        let key: Vec<u8> = (0..128).map(|n: u32| (n * 37 % 251) as u8).collect();
        fs::write(path.join("munge.key"), key).unwrap();
        private(path, 0o755);
        private(&path.join("munge.key"), 0o400);
        let socket = format!("--socket={}", at("munge.socket"));
        let files = ["key-file=munge.key", "pid-file=munged.pid", "log-file=munged.log"];
        let files = files.map(|option| {
            let (option, name) = option.split_once('=').unwrap();
            format!("--{option}={}", at(name))
        });
        let seed = format!("--seed-file={}", at("munge.seed"));
        start("munged", &["--force", &socket, &files[0], &files[1], &files[2], &seed]);
        let mut others = vec![pid(&path.join("munged.pid"))];
        fs::create_dir(path.join("state")).unwrap();
        fs::create_dir(path.join("spool")).unwrap();
        fs::write(path.join("slurm.conf"), configuration(path, nodes)).unwrap();
        start("slurmctld", &["-f", &at("slurm.conf")]);
        others.push(pid(&path.join("slurmctld.pid")));
        let nodes = (1..=nodes).map(|node| {
            start("slurmd", &["-N", &format!("n{node}"), "-f", &at("slurm.conf")]);
            pid(&path.join(format!("slurmd.n{node}.pid")))
        });
        let nodes = nodes.collect();
        let cluster = Self { place, nodes, others };
        wait_for("idle nodes", || {
            let states = cluster.slurm("sinfo", &["--noheader", "--format=%T"]);
            (states.trim() == "idle").then_some(())
        });
        cluster
    }

    fn configuration(&self) -> PathBuf {
        self.place.path().join("slurm.conf")
    }

    fn slurm(&self, name: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(program(name).unwrap());
        let output = command.args(arguments).env("SLURM_CONF", self.configuration()).output();
        String::from_utf8_lossy(&output.unwrap().stdout).into_owned()
    }

    /// Starts a study as an array of so many tasks.
    fn study(&self, place: &Path, shards: &str, replications: &str) -> Child {
        let mut command = mailsim(place);
        command.env("SLURM_CONF", self.configuration());
        command.args(["study", &scenario("studies/outage.toml"), "--out", "cluster", "--slurm"]);
        command.args(["--shards", shards, "--set", replications, "--no-charts"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Takes a node away at once: its daemon and all that runs there.
    fn lose(&self, node: u16) {
        kill(self.nodes[usize::from(node) - 1]);
        let name = format!("SLURMD_NODENAME=n{node}");
        let configuration = self.configuration();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Ok(process) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            let environment = String::from_utf8_lossy(&environment).into_owned();
            let ours = environment.contains(configuration.to_str().unwrap());
            if ours && environment.split('\0').any(|variable| variable == name) {
                // Whoever would tell of the end of the task goes first.
                if let Some(keeper) = keeper_of(process) {
                    kill(keeper);
                }
                kill(process);
            }
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.slurm("scancel", &["--state=running"]);
        for process in self.nodes.iter().chain(self.others.iter().rev()) {
            kill(*process);
        }
    }
}

fn private(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn kill(process: u32) {
    let mut command = Command::new("kill");
    let _ = command.args(["-9", &process.to_string()]).stderr(Stdio::null()).status();
}

/// Returns the `slurmstepd` above a process.
fn keeper_of(mut process: u32) -> Option<u32> {
    for _ in 0..4 {
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1).map(str::to_owned)
        };
        if field("Name:")?.starts_with("slurmstepd") {
            return Some(process);
        }
        process = field("PPid:")?.parse().ok()?;
    }
    None
}

fn configuration(place: &Path, nodes: u16) -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let host = host.trim().split('.').next().unwrap();
    let user = Command::new("id").arg("-un").output().unwrap().stdout;
    let user = String::from_utf8(user).unwrap();
    let (user, place, port) = (user.trim(), place.display(), free_port());
    let mut text = format!(
        "ClusterName=mailsim\nSlurmctldHost={host}(127.0.0.1)\nSlurmctldPort={port}\n\
         SlurmUser={user}\nSlurmdUser={user}\n\
         AuthType=auth/munge\nAuthInfo=socket={place}/munge.socket\nCredType=cred/munge\n\
         StateSaveLocation={place}/state\nSlurmdSpoolDir={place}/spool/%n\n\
         SlurmctldPidFile={place}/slurmctld.pid\nSlurmdPidFile={place}/slurmd.%n.pid\n\
         SlurmctldLogFile={place}/slurmctld.log\nSlurmdLogFile={place}/slurmd.%n.log\n\
         ProctrackType=proctrack/pgid\nTaskPlugin=task/none\nMpiDefault=none\n\
         JobAcctGatherType=jobacct_gather/none\n\
         AccountingStorageType=accounting_storage/none\n\
         SelectType=select/cons_tres\nSelectTypeParameters=CR_Core\n\
         SchedulerParameters=sched_interval=1,batch_sched_delay=0\n\
         ReturnToService=2\nSlurmdTimeout=10\nKillWait=2\nInactiveLimit=0\n"
    );
    for node in 1..=nodes {
        text.push_str(&format!(
            "NodeName=n{node} NodeHostname={host} NodeAddr=127.0.0.1 Port={} CPUs=2\n",
            free_port()
        ));
    }
    text + "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n"
}

/// What the study gives in one piece.
fn local(place: &Path, replications: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let study = scenario("studies/outage.toml");
    let set = ["study", &study, "--out", "local", "--no-charts", "--set", replications];
    call(place, &set).ends_with(0);
    contents(&place.join("local"))
}

#[test]
fn an_array_of_slurm_gives_the_bytes_of_one_piece() {
    if !installed() {
        left_out("an_array_of_slurm", "Slurm is not installed (Debian: slurm-wlm and munge)");
        return;
    }
    let (cluster, place) = (Cluster::start(1), folder());
    let child = cluster.study(place.path(), "3", "replications=3");
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert!(errors.contains("submitted as jobs "), "{errors}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("6 combinations × 3 replications"));
    assert_eq!(contents(&place.path().join("cluster")), local(place.path(), "replications=3"));
    // Scripts and logs are gone.
    assert!(!place.path().join("cluster.slurm").exists());
}

#[test]
#[ignore = "takes half a minute: the controller has to notice the loss"]
fn a_node_that_is_lost_costs_time_and_no_byte() {
    assert!(installed(), "Slurm is not installed (Debian: slurm-wlm and munge)");
    let (cluster, place) = (Cluster::start(2), folder());
    let child = cluster.study(place.path(), "6", "replications=60");
    // In mid-run: some runs are kept, and a task is at work on the second node.
    wait_for("a task on the second node", || {
        let busy = cluster.slurm("squeue", &["--noheader", "--nodelist=n2", "--states=R"]);
        let rows = fs::read_dir(place.path().join("cluster/rows")).ok()?.count();
        (!busy.trim().is_empty() && rows >= 2).then_some(())
    });
    cluster.lose(2);
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let log = fs::read_to_string(cluster.place.path().join("slurmctld.log")).unwrap();
    assert!(log.contains("n2 not responding"), "the loss was noticed:\n{log}");
    eprintln!("{errors}");
    assert_eq!(contents(&place.path().join("cluster")), local(place.path(), "replications=60"));
}
