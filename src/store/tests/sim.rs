//! A disk in memory that keeps what a disk must keep, and nothing more.
//!
//! What was not synced is kept or lost at a crash in any mixture: of a write any of its pages, of names any changes, a
//! truncation or not. Any call can fail, a write after a part of it, a sync after a part of what it was to keep; what a
//! failed sync did not keep is lost though it can still be read, as it is on real systems.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::rc::Rc;

use crate::store::disk::{Disk, DiskFile, Mode};

/// So small that the small writes of tests are torn, too.
const PAGE: usize = 16;

/// Numbers as if drawn by lot, and the same ones for the same seed.
#[derive(Clone, Debug)]
pub(super) struct Lot(u64);

impl Lot {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % bound
    }
}

#[derive(Clone, Debug)]
enum Op {
    Write(u64, Vec<u8>),
    Truncate(u64),
}

fn apply(to: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Write(at, bytes) => {
            let at = *at as usize;
            if to.len() < at + bytes.len() {
                to.resize(at + bytes.len(), 0);
            }
            to[at..at + bytes.len()].copy_from_slice(bytes);
        }
        Op::Truncate(size) => to.resize(*size as usize, 0),
    }
}

#[derive(Clone, Debug, Default)]
struct Node {
    now: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Op>,
}

impl Node {
    /// Makes some of what is pending durable, and forgets the rest.
    fn settle(&mut self, lot: &mut Lot) {
        // Sometimes all of it, sometimes nothing, sometimes what was written and no truncation, mostly a mixture.
        let mood = lot.below(8);
        let torn = mood > 2;
        let kept = |lot: &mut Lot| match mood {
            0 | 2 => true,
            1 => false,
            _ => lot.below(2) == 0,
        };
        for op in std::mem::take(&mut self.pending) {
            match op {
                Op::Write(at, bytes) => {
                    for (page, chunk) in bytes.chunks(PAGE).enumerate() {
                        if kept(lot) {
                            let cut = if torn && lot.below(4) == 0 {
                                lot.below(PAGE as u64) as usize
                            } else {
                                PAGE
                            };
                            let chunk = chunk[..cut.min(chunk.len())].to_vec();
                            apply(&mut self.durable, &Op::Write(at + (page * PAGE) as u64, chunk));
                        }
                    }
                }
                Op::Truncate(_) if mood == 2 || !kept(lot) => {}
                Op::Truncate(_) => apply(&mut self.durable, &op),
            }
        }
    }
}

/// What goes wrong, and at which call, counted from when it was planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Never,
    /// Nothing works from this call on, which may have been done in part.
    Crash(u64),
    /// This call fails, and those after it work.
    Once(u64, io::ErrorKind),
}

type Names = BTreeMap<String, usize>;

struct State {
    nodes: Vec<Node>,
    names: Names,
    durable: Names,
    /// Changes of names: each a set that is kept or lost together.
    pending: Vec<Vec<(String, Option<usize>)>>,
    locked: bool,
    calls: u64,
    fault: Fault,
    dead: bool,
    lot: Lot,
}

/// A disk with one folder.
#[derive(Clone)]
pub(super) struct Sim(Rc<RefCell<State>>);

impl std::fmt::Debug for Sim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sim")
    }
}

impl Sim {
    pub(super) fn new(seed: u64) -> Self {
        Self(Rc::new(RefCell::new(State {
            nodes: Vec::new(),
            names: Names::new(),
            durable: Names::new(),
            pending: Vec::new(),
            locked: false,
            calls: 0,
            fault: Fault::Never,
            dead: false,
            lot: Lot::new(seed),
        })))
    }

    /// Another disk with these files, all durable.
    pub(super) fn with(files: &BTreeMap<String, Vec<u8>>) -> Self {
        let sim = Self::new(1);
        for (name, bytes) in files {
            sim.put(name, bytes.clone());
        }
        sim
    }

    /// Puts a file there, durably.
    pub(super) fn put(&self, name: &str, bytes: Vec<u8>) {
        let mut state = self.0.borrow_mut();
        let node = state.nodes.len();
        state.nodes.push(Node {
            now: bytes.clone(),
            durable: bytes,
            pending: Vec::new(),
        });
        state.names.insert(name.to_owned(), node);
        state.durable.insert(name.to_owned(), node);
    }

    pub(super) fn plan(&self, fault: Fault) {
        let mut state = self.0.borrow_mut();
        state.fault = fault;
        state.calls = 0;
    }

    pub(super) fn calls(&self) -> u64 {
        self.0.borrow().calls
    }

    pub(super) fn dead(&self) -> bool {
        self.0.borrow().dead
    }

    /// The files as they can be read now.
    pub(super) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let state = self.0.borrow();
        let names = state.names.iter();
        names
            .map(|(name, node)| (name.clone(), state.nodes[*node].now.clone()))
            .collect()
    }

    /// The process ends; the disk keeps running.
    pub(super) fn kill(&self) {
        let mut state = self.0.borrow_mut();
        state.dead = false;
        state.locked = false;
        state.fault = Fault::Never;
    }

    /// The power goes, and comes again.
    pub(super) fn crash(&self) {
        self.kill();
        let state = &mut *self.0.borrow_mut();
        for node in &mut state.nodes {
            node.settle(&mut state.lot);
            node.now.clone_from(&node.durable);
        }
        let mood = state.lot.below(4);
        for changes in std::mem::take(&mut state.pending) {
            let kept = match mood {
                0 => true,
                1 => false,
                _ => state.lot.below(2) == 0,
            };
            if kept {
                rename(&mut state.durable, &changes);
            }
        }
        state.names.clone_from(&state.durable);
    }

    /// Counts a call; an error if it is to fail, with whether it may be done in part.
    fn call(&self) -> Result<(), (io::Error, bool)> {
        let mut state = self.0.borrow_mut();
        let error = |kind| io::Error::new(kind, "a fault of the test");
        if state.dead {
            return Err((error(io::ErrorKind::Other), false));
        }
        let call = state.calls;
        state.calls += 1;
        match state.fault {
            Fault::Crash(at) if at == call => {
                state.dead = true;
                Err((error(io::ErrorKind::Other), true))
            }
            Fault::Once(at, kind) if at == call => Err((error(kind), true)),
            _ => Ok(()),
        }
    }

    /// Counts a call that does not do anything in part.
    fn whole(&self) -> io::Result<()> {
        self.call().map_err(|(error, _)| error)
    }

    fn names(&self, changes: Vec<(String, Option<usize>)>) {
        let mut state = self.0.borrow_mut();
        rename(&mut state.names, &changes);
        state.pending.push(changes);
    }

    /// Counts a call that changes names; one that fails may have done it.
    fn naming(&self, changes: Vec<(String, Option<usize>)>) -> io::Result<()> {
        match self.call() {
            Ok(()) => {
                self.names(changes);
                Ok(())
            }
            Err((error, partly)) => {
                let done = partly && self.0.borrow_mut().lot.below(2) == 0;
                if done {
                    self.names(changes);
                }
                Err(error)
            }
        }
    }

    fn node(&self, path: &Path) -> io::Result<usize> {
        let found = self.0.borrow().names.get(&name(path)).copied();
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn rename(names: &mut Names, changes: &[(String, Option<usize>)]) {
    for (name, node) in changes {
        match node {
            Some(node) => names.insert(name.clone(), *node),
            None => names.remove(name),
        };
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

pub(super) struct SimLock(Sim);

impl Drop for SimLock {
    fn drop(&mut self) {
        self.0.0.borrow_mut().locked = false;
    }
}

#[derive(Debug)]
pub(super) struct SimFile {
    disk: Sim,
    node: usize,
}

impl Disk for Sim {
    type File = SimFile;
    type Lock = SimLock;

    fn make_folder(&self, _folder: &Path) -> io::Result<()> {
        self.whole()
    }

    fn list(&self, _folder: &Path) -> io::Result<Vec<OsString>> {
        self.whole()?;
        Ok(self.0.borrow().names.keys().map(OsString::from).collect())
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<SimFile> {
        if mode == Mode::New {
            let (node, there) = match self.node(path) {
                Ok(node) => (node, true),
                Err(_) => {
                    let state = &mut *self.0.borrow_mut();
                    state.nodes.push(Node::default());
                    (state.nodes.len() - 1, false)
                }
            };
            if there {
                self.whole()?;
                let node = &mut self.0.borrow_mut().nodes[node];
                node.now.clear();
                node.pending.push(Op::Truncate(0));
            } else {
                self.naming(vec![(name(path), Some(node))])?;
            }
            return Ok(SimFile {
                disk: self.clone(),
                node,
            });
        }
        self.whole()?;
        let node = self.node(path)?;
        Ok(SimFile {
            disk: self.clone(),
            node,
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let node = self.node(from)?;
        self.naming(vec![(name(from), None), (name(to), Some(node))])
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.node(path)?;
        self.naming(vec![(name(path), None)])
    }

    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        self.whole()?;
        let state = &mut *self.0.borrow_mut();
        state.pending.clear();
        state.durable.clone_from(&state.names);
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<SimLock>> {
        if self.node(path).is_err() {
            drop(self.open(path, Mode::New)?);
        }
        self.whole()?;
        let taken = std::mem::replace(&mut self.0.borrow_mut().locked, true);
        Ok((!taken).then(|| SimLock(self.clone())))
    }
}

impl SimFile {
    fn apply(&self, op: Op) {
        let node = &mut self.disk.0.borrow_mut().nodes[self.node];
        apply(&mut node.now, &op);
        node.pending.push(op);
    }
}

impl DiskFile for SimFile {
    fn size(&self) -> io::Result<u64> {
        self.disk.whole()?;
        Ok(self.disk.0.borrow().nodes[self.node].now.len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.disk.whole()?;
        let state = self.disk.0.borrow();
        let bytes = state.nodes[self.node].now.get(offset as usize..).unwrap_or_default();
        let read = bytes.len().min(into.len());
        into[..read].copy_from_slice(&bytes[..read]);
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        match self.disk.call() {
            Ok(()) => {
                self.apply(Op::Write(offset, bytes.to_vec()));
                Ok(())
            }
            Err((error, partly)) => {
                if partly {
                    let mut lot = self.disk.0.borrow().lot.clone();
                    let part = lot.below(bytes.len() as u64 + 1) as usize;
                    // What fails may have been done nevertheless.
                    let written = if lot.below(3) == 0 { bytes.len() } else { part };
                    self.disk.0.borrow_mut().lot = lot;
                    self.apply(Op::Write(offset, bytes[..written].to_vec()));
                }
                Err(error)
            }
        }
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.disk.whole()?;
        self.apply(Op::Truncate(size));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let result = self.disk.call();
        let state = &mut *self.disk.0.borrow_mut();
        let node = &mut state.nodes[self.node];
        match result {
            Ok(()) => {
                node.pending.clear();
                node.durable.clone_from(&node.now);
                Ok(())
            }
            Err((error, partly)) => {
                if partly {
                    node.settle(&mut state.lot);
                }
                Err(error)
            }
        }
    }
}
