//! Runs the command: inside of a test, or as a process of its own.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;

use volens::cli::{self, Streams};

/// An output that is kept, to be looked at.
#[derive(Clone, Default)]
pub(crate) struct Buffer(Rc<RefCell<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Buffer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

/// An output whose reader takes so many bytes, and then is gone.
pub(crate) struct Closed(pub(crate) usize);

impl Write for Closed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the command printed, and its exit code.
pub(crate) struct Done {
    pub(crate) code: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }
}

/// With these streams; its exit code.
pub(crate) fn volens_into(
    input: impl Read + 'static,
    arguments: &[&str],
    out: impl Write + 'static,
    err: impl Write + 'static,
) -> u8 {
    let mut streams = Streams {
        input: Box::new(input),
        out: Box::new(out),
        err: Box::new(err),
        err_is_terminal: false,
    };
    let arguments = ["volens"].iter().chain(arguments).map(OsString::from);
    cli::run(arguments, &mut streams)
}

pub(crate) fn volens_with(input: impl Read + 'static, arguments: &[&str]) -> Done {
    let (out, err) = (Buffer::default(), Buffer::default());
    let code = volens_into(input, arguments, out.clone(), err.clone());
    Done {
        code,
        out: out.text(),
        err: err.text(),
    }
}

/// With nothing to read on standard input.
pub(crate) fn volens(arguments: &[&str]) -> Done {
    volens_with(io::empty(), arguments)
}

/// As a process of its own, in a folder.
pub(crate) fn volens_in(folder: impl AsRef<Path>, arguments: &[&str], input: impl AsRef<[u8]>) -> Done {
    let mut child = Command::new(env!("CARGO_BIN_EXE_volens"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may not read all that it is given.
    let _ = child.stdin.take().unwrap().write_all(input.as_ref());
    let done = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done {
        code: u8::try_from(done.status.code().unwrap()).unwrap(),
        out: text(done.stdout),
        err: text(done.stderr),
    }
}
