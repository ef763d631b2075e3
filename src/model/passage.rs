//! The JSON of a [`Profile`](super::Profile) gone through once, for who wants some of it and keeps no profile.
//!
//! What a profile's JSON is, its `Deserialize` says. This here takes no text that is refused there, and finds in it what is
//! found there; where it is not sure it gives up, and the text is to be read as a profile (`tests/meaning/loaded.rs`).

use crate::consent::ConsentState;
use crate::time::Timestamp;
use crate::value::{Key, Scan};

/// What takes the parts of a profile, in the order of its text.
pub(crate) trait Parts<'t> {
    /// An event whose properties are wanted.
    type Event: Copy;

    /// An identifier, as it is written.
    fn identifier(&mut self, kind: &str, value: &str);

    /// A trait; goes on behind its value.
    fn sent(&mut self, scan: &mut Scan<'t>, key: Key<'t>) -> Option<()>;

    /// The state of a category.
    fn consent(&mut self, category: Key<'t>, state: ConsentState);

    /// The name of the next event; `None` where nothing of it is wanted.
    fn event(&mut self, name: &str) -> Option<Self::Event>;

    /// A property of that event; goes on behind its value.
    fn property(&mut self, event: Self::Event, scan: &mut Scan<'t>, key: Key<'t>) -> Option<()>;

    /// The rest of that event.
    fn happened(&mut self, event: Self::Event, timestamp: Timestamp, message_id: &str);
}

/// Goes through a text. `None` where it is no profile, or one that is to be read in the usual way.
pub(crate) fn pass<'t>(text: &'t str, parts: &mut impl Parts<'t>) -> Option<()> {
    let mut scan = Scan::new(text);
    scan.object(|scan, key| match key.text {
        b"external_ids" => scan.list(|scan| identifier(scan, parts)),
        b"traits" => scan.object(|scan, key| parts.sent(scan, key)),
        b"accounts" => scan.list(|scan| scan.string().map(drop)),
        b"consent" => consent(scan, parts),
        b"events" => scan.list(|scan| event(scan, parts)),
        b"profile" | b"audiences" | b"account_audiences" | b"computed_traits" => scan.skip(),
        _ => None,
    })?;
    scan.is_at_end().then_some(())
}

fn identifier<'t>(scan: &mut Scan<'t>, parts: &mut impl Parts<'t>) -> Option<()> {
    let (mut kind, mut id) = (None, None);
    scan.fields(|scan, key| {
        let is_first = match key {
            b"type" => kind.replace(scan.string()?).is_none(),
            b"id" => id.replace(scan.string()?).is_none(),
            _ => false,
        };
        is_first.then_some(())
    })?;
    parts.identifier(&kind?, &id?);
    Some(())
}

fn consent<'t>(scan: &mut Scan<'t>, parts: &mut impl Parts<'t>) -> Option<()> {
    scan.object(|scan, key| match key.text {
        b"categories" => scan.object(|scan, category| {
            parts.consent(category, state(scan)?);
            Some(())
        }),
        b"history" => scan.list(change),
        _ => None,
    })
}

fn state(scan: &mut Scan<'_>) -> Option<ConsentState> {
    let state = scan.string()?;
    ConsentState::ALL.into_iter().find(|known| known.as_str() == state)
}

fn timestamp(scan: &mut Scan<'_>) -> Option<Timestamp> {
    Timestamp::parse(&scan.string()?)
}

/// A record of a change, of which nothing is wanted.
fn change(scan: &mut Scan<'_>) -> Option<()> {
    let mut known = 0;
    scan.object(|scan, key| {
        match key.text {
            b"time" => timestamp(scan).map(drop)?,
            b"message_id" | b"category" | b"rule" => scan.string().map(drop)?,
            b"from" | b"to" => state(scan).map(drop)?,
            _ => return scan.skip(),
        }
        known += 1;
        Some(())
    })?;
    (known == 6).then_some(())
}

fn event<'t, P: Parts<'t>>(scan: &mut Scan<'t>, parts: &mut P) -> Option<()> {
    let (mut name, mut time, mut message_id, mut properties) = (None, None, None, None);
    let mut wanted = None;
    scan.fields(|scan, key| {
        let is_first = match key {
            b"name" => {
                let text = scan.string()?;
                wanted = parts.event(&text);
                name.replace(text).is_none()
            }
            b"timestamp" => time.replace(timestamp(scan)?).is_none(),
            b"message_id" => message_id.replace(scan.string()?).is_none(),
            b"properties" => {
                let place = scan.place();
                match wanted {
                    Some(event) => scan.object(|scan, key| parts.property(event, scan, key))?,
                    None => scan.object(|scan, _| scan.skip())?,
                }
                properties.replace((place, wanted.is_some())).is_none()
            }
            _ => false,
        };
        is_first.then_some(())
    })?;
    let (time, _) = time.zip(name)?;
    if let Some(event) = wanted {
        // Their name came behind them.
        if let Some((place, false)) = properties {
            let end = scan.place();
            scan.go_to(place);
            scan.object(|scan, key| parts.property(event, scan, key))?;
            scan.go_to(end);
        }
        parts.happened(event, time, message_id.as_deref().unwrap_or_default());
    }
    Some(())
}
