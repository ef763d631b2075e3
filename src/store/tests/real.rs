//! On the file system of the machine.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::store::{Batch, Change, Directory, Memory, Position, Storage, StoreError};

/// A folder that is removed with this value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("volens-store-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn batch(payloads: &[&str]) -> Batch {
    let mut batch = Batch::new();
    for (kind, payload) in (1..).zip(payloads) {
        batch.push(kind, payload.as_bytes());
    }
    batch
}

fn contents(store: &dyn Storage) -> Vec<(u8, String)> {
    let mut records = Vec::new();
    store
        .scan(&mut |entry| {
            records.push((entry.kind, String::from_utf8(entry.payload.to_vec()).unwrap()));
            Ok(())
        })
        .unwrap();
    records
}

/// What both do alike.
fn same(store: &mut dyn Storage) {
    assert_eq!(store.append(&Batch::new()).unwrap(), []);
    let first = store.append(&batch(&["a", "", "c"])).unwrap();
    let second = store.append(&batch(&["d"])).unwrap();
    assert!([first.clone(), second].concat().is_sorted());
    assert_eq!(contents(store).len(), 4);
    let mut payload = b"something".to_vec();
    assert_eq!(store.read(first[1], &mut payload).unwrap().1, 2);
    assert_eq!(payload, b"");
    let none = store.read(Position(u64::MAX), &mut payload).unwrap_err();
    assert!(matches!(none, StoreError::NoRecord { .. }));
    let mut seen = 0;
    let stopped = store.scan(&mut |_| {
        seen += 1;
        Err(StoreError::Stopped("enough".into()))
    });
    assert_eq!((stopped.unwrap_err().to_string().as_str(), seen), ("enough", 1));
    store
        .rewrite(&mut |entry| match entry.payload {
            b"a" => Change::Remove,
            b"c" => Change::Replace(b"C".to_vec()),
            _ => Change::Keep,
        })
        .unwrap();
    let expected = [(2, ""), (3, "C"), (1, "d")].map(|(kind, payload)| (kind, payload.to_owned()));
    assert_eq!(contents(store), expected);
}

#[test]
fn memory_and_folder_do_the_same() {
    let folder = Folder::new();
    same(&mut Memory::new());
    same(&mut Directory::open(folder.0.join("made/on/the/way")).unwrap());
}

#[test]
fn one_writes_and_many_read() {
    let folder = Folder::new();
    let mut store = Directory::open(&folder.0).unwrap();
    store.append(&batch(&["one"])).unwrap();
    let error = Directory::open(&folder.0).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }));
    assert!(error.to_string().contains("is open elsewhere for writing: wait until"));

    let mut reader = Directory::open_read_only(&folder.0).unwrap();
    store.append(&batch(&["two"])).unwrap();
    store.rewrite(&mut |_| Change::Replace(b"other".to_vec())).unwrap();
    assert_eq!(contents(&reader), [(1, "one".to_owned())]);
    let later = Directory::open_read_only(&folder.0).unwrap();
    assert_eq!(contents(&later).len(), 2);
    for refused in [
        reader.append(&batch(&["three"])).map(drop),
        reader.rewrite(&mut |_| Change::Remove),
    ] {
        assert!(matches!(refused, Err(StoreError::ReadOnly { .. })));
    }

    drop(store);
    let store = Directory::open(&folder.0).unwrap();
    assert_eq!(store.recovery(), None);
    let files = fs::read_dir(&folder.0).unwrap();
    let logs = files.filter(|file| {
        file.as_ref()
            .unwrap()
            .file_name()
            .to_str()
            .unwrap()
            .starts_with("events-")
    });
    let bytes: u64 = logs.map(|file| file.unwrap().metadata().unwrap().len()).sum();
    assert_eq!(store.size_on_disk(), bytes);
}

#[test]
fn what_is_no_store_is_left_alone() {
    let folder = Folder::new();
    let none = Directory::open_read_only(&folder.0).unwrap_err();
    assert!(matches!(none, StoreError::NotAStore { .. }));
    assert!(!folder.0.exists());
    fs::create_dir(&folder.0).unwrap();
    assert!(Directory::open_read_only(&folder.0).is_err());
    fs::write(folder.0.join("letter.txt"), "dear").unwrap();
    let other = Directory::open(&folder.0).unwrap_err();
    assert!(other.to_string().contains("other files are in it; name another folder"));
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
    fs::write(
        folder.0.join("events-00000001.log"),
        "a log of something else, which is long enough",
    )
    .unwrap();
    let other = Directory::open(&folder.0).unwrap_err();
    assert!(matches!(other, StoreError::NotAStore { .. }));
    let file = Directory::open(folder.0.join("letter.txt")).unwrap_err();
    assert!(matches!(file, StoreError::Io { .. }));
}

#[test]
fn readers_beside_a_writer_see_whole_batches() {
    let folder = Folder::new();
    let mut store = Directory::open(&folder.0).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut looks, mut last) = (0, 0);
            while !done.load(Ordering::Acquire) || looks == 0 {
                let found = contents(&Directory::open_read_only(&folder.0).unwrap());
                assert_eq!(found.len() % 3, 0);
                assert!(found.len() >= last, "what was there once stays");
                last = found.len();
                looks += 1;
            }
        });
        let text = "x".repeat(5000);
        for number in 0..60 {
            store.append(&batch(&[&text, "b", &text])).unwrap();
            if number % 20 == 10 {
                store
                    .rewrite(&mut |entry| Change::Replace(entry.payload.to_vec()))
                    .unwrap();
            }
        }
        done.store(true, Ordering::Release);
        reader.join().unwrap();
    });
}
