//! Where messages go.

use std::io::{self, Write};

use crate::deliver::Message;

/// Takes messages that are handed out.
///
/// A function that takes a message is one, and so is a list of messages.
pub trait Outlet {
    /// Takes a message. When this returns without an error it counts as sent, and is not handed out again.
    ///
    /// # Errors
    /// The message is handed out again later. So whoever does not know whether it arrived should return none: else the
    /// destination may hold somebody of whom nobody knows it.
    fn message(&mut self, message: &Message) -> io::Result<()>;

    /// Sees to it that all messages that were taken are where they should be, before it is written down that they are.
    ///
    /// # Errors
    /// Nothing is written down, and the space has to be opened again: then all that was handed out since the last time is handed
    /// out again, byte by byte the same.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<F: FnMut(&Message) -> io::Result<()>> Outlet for F {
    fn message(&mut self, message: &Message) -> io::Result<()> {
        self(message)
    }
}

impl Outlet for Vec<Message> {
    fn message(&mut self, message: &Message) -> io::Result<()> {
        self.push(message.clone());
        Ok(())
    }
}

/// Writes each message as a line of JSON.
#[derive(Debug)]
pub struct JsonLines<W>(pub W);

impl<W: Write> Outlet for JsonLines<W> {
    fn message(&mut self, message: &Message) -> io::Result<()> {
        // In one piece: after an error nobody finds half a message before the next.
        let line = message.to_json() + "\n";
        self.0.write_all(line.as_bytes())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
