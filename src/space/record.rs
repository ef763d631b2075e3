//! The records of a space, as they lie in its storage.
//!
//! | kind | what | payload |
//! |---|---|---|
//! | 1 | founding: the first | the key of the keyed hashes |
//! | 2 | an event | flags, when it counts as received, its message id, its JSON as it came |
//! | 3 | a person was forgotten | when; keyed hashes: of the message ids, of the identifiers, of what is hidden in events of others, and of identifiers that nobody has any more |
//! | 4 | history was dropped | when, and up to which instant |
//! | 5 | what was forgotten and dropped so far is erased | nothing |
//! | 16 | events were acted upon, and messages are handed out for that | as of when; the keyed hash of the first message id that was not acted upon yet, if there is one; what changed in the ledger, or nothing; the messages, packed |
//! | 17 | the messages of the last record of that kind were taken | nothing |
//!
//! Numbers are little-endian; instants are milliseconds since 1970.

use std::collections::HashSet;

use crate::deliver::Message;
use crate::time::Timestamp;

pub(super) const FOUNDING: u8 = 1;
pub(super) const EVENT: u8 = 2;
pub(super) const FORGOTTEN: u8 = 3;
pub(super) const DROPPED: u8 = 4;
pub(super) const ERASED: u8 = 5;
pub(super) const DELIVERED: u8 = 16;
pub(super) const HANDED_OUT: u8 = 17;

/// The event has no history any more: what it says of identity and consent is left.
const WITHOUT_HISTORY: u8 = 1;
/// The event is one of a stream.
const IN_TURN: u8 = 2;

/// A keyed hash.
pub(super) type Hash = [u8; 16];

/// An event as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stored<'r> {
    pub(super) without_history: bool,
    /// It was stored by who reads a stream, to be acted upon in its turn: nothing of it is known before that.
    pub(super) in_turn: bool,
    /// When it counts as received if it does not say so.
    pub(super) received_at: Timestamp,
    pub(super) message_id: &'r str,
    pub(super) json: &'r str,
}

impl<'r> Stored<'r> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        out.push(flag(self.without_history, WITHOUT_HISTORY) | flag(self.in_turn, IN_TURN));
        out.extend(self.received_at.as_millis().to_le_bytes());
        // A message id has 100 characters at most.
        let length = u16::try_from(self.message_id.len()).unwrap_or_default();
        out.extend(length.to_le_bytes());
        out.extend(self.message_id.as_bytes());
        out.extend(self.json.as_bytes());
    }

    /// `None` for what no version has written.
    pub(super) fn read(payload: &'r [u8]) -> Option<Self> {
        let mut reader = Reader(payload);
        let [flags] = reader.array()?;
        let received_at = reader.instant()?;
        let length = u16::from_le_bytes(reader.array()?);
        let message_id = std::str::from_utf8(reader.take(length.into())?).ok()?;
        let json = std::str::from_utf8(reader.0).ok()?;
        (flags <= WITHOUT_HISTORY | IN_TURN).then_some(Stored {
            without_history: flags & WITHOUT_HISTORY > 0,
            in_turn: flags & IN_TURN > 0,
            received_at,
            message_id,
            json,
        })
    }
}

/// What forgetting a person takes away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Forgotten {
    /// When it was asked for.
    pub(super) at: Timestamp,
    /// The person's events, by the keyed hash of the message id.
    pub(super) events: Vec<Hash>,
    /// The person's identifiers.
    pub(super) identifiers: Vec<Hash>,
    /// Events of others that carry one of them, and the identifiers of each that did not come to its profile.
    pub(super) hidden: Vec<(Hash, Vec<Hash>)>,
    /// Identifiers that nobody has, by which destinations may have been sent the person before.
    pub(super) former: Vec<Hash>,
}

impl Forgotten {
    /// What is forgotten of what destinations were sent.
    pub(super) fn of_deliveries(&self) -> HashSet<Hash> {
        self.identifiers.iter().chain(&self.former).copied().collect()
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.at.as_millis().to_le_bytes());
        write_hashes(&self.events, out);
        write_hashes(&self.identifiers, out);
        out.extend(length(self.hidden.len()));
        for (event, identifiers) in &self.hidden {
            out.extend(event);
            write_hashes(identifiers, out);
        }
        if !self.former.is_empty() {
            write_hashes(&self.former, out);
        }
    }

    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let mut reader = Reader(payload);
        let at = reader.instant()?;
        let events = reader.hashes()?;
        let identifiers = reader.hashes()?;
        let count = u32::from_le_bytes(reader.array()?);
        let mut hidden = Vec::new();
        for _ in 0..count {
            hidden.push((reader.array()?, reader.hashes()?));
        }
        let former = match reader.0 {
            [] => Vec::new(),
            _ => reader.hashes()?,
        };
        reader.0.is_empty().then_some(Forgotten {
            at,
            events,
            identifiers,
            hidden,
            former,
        })
    }
}

/// That history was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dropped {
    /// When it was asked for.
    pub(super) at: Timestamp,
    /// Events at or before it are concerned.
    pub(super) horizon: Timestamp,
}

impl Dropped {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.at.as_millis().to_le_bytes());
        out.extend(self.horizon.as_millis().to_le_bytes());
    }

    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let mut reader = Reader(payload);
        let dropped = Dropped {
            at: reader.instant()?,
            horizon: reader.instant()?,
        };
        reader.0.is_empty().then_some(dropped)
    }
}

/// What destinations are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Delivered<'r> {
    /// The instant that was come to.
    pub(super) now: Timestamp,
    /// The first event that is stored before this and was not acted upon yet, by the keyed hash of its message id.
    pub(super) next: Option<Hash>,
    /// What changed in the ledger; empty where nothing did.
    pub(super) ledger: &'r [u8],
    /// The messages that are handed out after this was written.
    pub(super) messages: Vec<Message>,
}

impl<'r> Delivered<'r> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.now.as_millis().to_le_bytes());
        out.push(u8::from(self.next.is_some()));
        out.extend(self.next.unwrap_or_default());
        out.extend(length(self.ledger.len()));
        out.extend(self.ledger);
        if !self.messages.is_empty() {
            let kept: Vec<String> = self.messages.iter().map(Message::to_kept).collect();
            // A kept message is two lines.
            out.extend(lz4_flex::compress_prepend_size(kept.join("\n").as_bytes()));
        }
    }

    pub(super) fn read(payload: &'r [u8]) -> Option<Self> {
        let mut reader = Reader(payload);
        let now = reader.instant()?;
        let [has_next] = reader.array()?;
        let next = reader.array()?;
        let length = u32::from_le_bytes(reader.array()?);
        let ledger = reader.take(usize::try_from(length).ok()?)?;
        let messages = match reader.0 {
            [] => Vec::new(),
            packed => {
                let text = lz4_flex::decompress_size_prepended(packed).ok()?;
                let text = String::from_utf8(text).ok()?;
                let lines: Vec<&str> = text.split('\n').collect();
                let kept = lines.chunks(2).map(|pair| Message::of_kept(&pair.join("\n")));
                kept.collect::<Option<Vec<Message>>>()?
            }
        };
        (has_next <= 1).then_some(Delivered {
            now,
            next: (has_next == 1).then_some(next),
            ledger,
            messages,
        })
    }
}

/// Lists are far shorter than that.
fn length(of: usize) -> [u8; 4] {
    u32::try_from(of).unwrap_or(u32::MAX).to_le_bytes()
}

fn write_hashes(hashes: &[Hash], out: &mut Vec<u8>) {
    out.extend(length(hashes.len()));
    hashes.iter().for_each(|hash| out.extend(hash));
}

struct Reader<'r>(&'r [u8]);

impl<'r> Reader<'r> {
    fn take(&mut self, bytes: usize) -> Option<&'r [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn instant(&mut self) -> Option<Timestamp> {
        Some(Timestamp::from_millis(i64::from_le_bytes(self.array()?)))
    }

    fn hashes(&mut self) -> Option<Vec<Hash>> {
        let count = u32::from_le_bytes(self.array()?);
        (0..count).map(|_| self.array()).collect()
    }
}
