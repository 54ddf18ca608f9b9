//! Bounds of the module: a page has so much room, and a scenario may be nested so deeply.

fn main() {
    if std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("wasm") {
        println!("cargo::rustc-link-arg=--max-memory=1073741824");
        println!("cargo::rustc-link-arg=-zstack-size=4194304");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
