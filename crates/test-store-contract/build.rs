//! Lists the cases, so that none can be written and never run.

use std::error::Error;
use std::path::Path;
use std::{env, fs, io};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/cases");
    let files: io::Result<Vec<_>> = fs::read_dir("src/cases")?.map(|file| Ok(file?.path())).collect();
    let mut files = files?;
    files.sort();
    let mut groups = String::new();
    for file in files {
        let group = file.file_stem().ok_or("a file without a name")?.display();
        let source = fs::read_to_string(&file)?;
        let cases = source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split_once('('));
        let cases: String = cases.map(|(name, _)| format!("{name}, ")).collect();
        if !cases.is_empty() {
            groups += &format!("{group} {{ {cases}}}\n");
        }
    }
    let list = format!("macro_rules! each_store_case {{ () => {{ $crate::store_suite_tests! {{\n{groups}}} }}; }}\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("cases.rs"), format!("#[macro_export]\n{list}"))?;
    Ok(())
}
