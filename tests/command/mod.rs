//! Runs the command inside of a test.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::rc::Rc;

use volens::cli::{self, Streams};

#[derive(Clone, Default)]
struct Buffer(Rc<RefCell<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Buffer {
    fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

pub(crate) struct Done {
    pub(crate) code: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn volens_with(input: impl Read + 'static, arguments: &[&str]) -> Done {
    let (out, err) = (Buffer::default(), Buffer::default());
    let mut streams = Streams {
        input: Box::new(input),
        out: Box::new(out.clone()),
        err: Box::new(err.clone()),
        err_is_terminal: false,
    };
    let arguments = ["volens"].iter().chain(arguments).map(OsString::from);
    let code = cli::run(arguments, &mut streams);
    Done {
        code,
        out: out.text(),
        err: err.text(),
    }
}
