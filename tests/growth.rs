//! The plots of docs/performance.md are what the data of the repository make.

#[path = "../benches/growth/draw.rs"]
mod draw;

use std::fs;
use std::path::Path;

#[test]
fn plots_are_what_the_data_make() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let data = fs::read_to_string(root.join("benches/growth/growth.csv")).unwrap();
    let guide = fs::read_to_string(root.join("docs/performance.md")).unwrap();
    for plot in &draw::PLOTS {
        let file = plot.file();
        let drawn = fs::read_to_string(root.join(&file)).unwrap();
        assert_eq!(
            drawn,
            plot.svg(&data),
            "{file}: `cargo bench --bench growth -- draw` draws it anew"
        );
        assert!(drawn.contains("<circle"), "{file} shows nothing");
        let name = Path::new(&file).file_name().unwrap().to_str().unwrap();
        assert!(
            guide.contains(&format!("]({name})")),
            "docs/performance.md does not show {name}"
        );
    }
}
