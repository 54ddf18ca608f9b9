//! mailsim's engine as a WebAssembly module: questions and answers as JSON in linear memory.
//!
//! A page writes a question where [`room`] says, calls [`answer`], and reads as many octets as that
//! returns from where [`answered`] says. While a run is made the module calls `mailsim.proceed` with the
//! share of its time that has passed; zero stops it. The unsafe code of mailsim is here, and it is this.

use std::cell::RefCell;

use mailsim::workbench::Engine;

#[link(wasm_import_module = "mailsim")]
unsafe extern "C" {
    /// Says how far a run has come; returns zero to stop it.
    safe fn proceed(share: f64) -> u32;
}

thread_local! {
    static ENGINE: RefCell<Engine> = RefCell::default();
    static QUESTION: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static ANSWER: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Makes room for a question of so many octets; returns where it is to be written.
#[unsafe(no_mangle)]
pub extern "C" fn room(octets: usize) -> *mut u8 {
    QUESTION.with_borrow_mut(|question| {
        question.clear();
        question.resize(octets, 0);
        question.as_mut_ptr()
    })
}

/// Answers the question that was written; returns how many octets the answer has.
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> usize {
    let question = QUESTION.take();
    // What is no UTF-8 is no JSON either: the engine refuses it.
    let question = String::from_utf8_lossy(&question);
    let said =
        ENGINE.with_borrow_mut(|engine| engine.answer(&question, |share| proceed(share) != 0));
    ANSWER.with_borrow_mut(|answer| {
        *answer = said;
        answer.len()
    })
}

/// Returns where the latest answer begins.
#[unsafe(no_mangle)]
pub extern "C" fn answered() -> *const u8 {
    ANSWER.with_borrow(|answer| answer.as_ptr())
}
