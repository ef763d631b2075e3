//! The recipe of `docs/warehouse.md` (`recipe.py`): what it makes of Segment's tables is what the engine makes of the events.

use std::path::Path;
use std::process::Command;

use crate::engines;

#[test]
fn tables_of_segment_become_those_of_a_warehouse() {
    let Some(python) = engines::python() else {
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let done = Command::new(python)
        .arg(root.join("tests/sql/recipe.py"))
        .arg(env!("CARGO_BIN_EXE_volens"))
        .arg(root.join("docs/warehouse.md"))
        .output()
        .unwrap();
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(done.status.success(), "{told}");
}
