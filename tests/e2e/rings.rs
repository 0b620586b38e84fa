//! Which file of a crate uses which, and the rings among them: files that all need each other can only be read together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::source::{Source, Token, files, root};

/// Up to three files may depend on each other; a larger ring contains a layer that has not been separated yet.
const LARGEST_RING: usize = 3;

type Segments = Vec<String>;

/// `use a::b as c` is `(["a", "b"], "c")`; a glob has the name `*`.
type Import = (Segments, String);

#[derive(Debug, Default)]
struct Module {
    file: PathBuf,
    /// What the file imports for itself, and what it hands on.
    private: Vec<Import>,
    public: Vec<Import>,
    /// Paths outside of `use`.
    paths: BTreeSet<Segments>,
    defined: BTreeSet<String>,
    names: BTreeSet<String>,
}

impl Module {
    fn read(file: &Path) -> Self {
        let tokens: Vec<Token> = Source::read(file).tokens.into_iter().map(|(_, token)| token).collect();
        let mut module = Self { file: file.to_owned(), ..Self::default() };
        let mut at = 0;
        while at < tokens.len() {
            at = module.item(&tokens, at);
        }
        module
    }

    fn item(&mut self, tokens: &[Token], at: usize) -> usize {
        if is_test_module(&tokens[at..]) {
            return skip_item(tokens, at);
        }
        let Some(name) = tokens[at].name() else { return at + 1 };
        if name == "use" {
            let end = at + tokens[at..].iter().position(|token| token.is(';')).unwrap_or(0);
            let exported = at > 0 && (tokens[at - 1].name() == Some("pub") || tokens[at - 1].is(')'));
            let imports = if exported { &mut self.public } else { &mut self.private };
            read_imports(&mut tokens[at + 1..end].iter().peekable(), &Vec::new(), imports);
            return end + 1;
        }
        let next = tokens.get(at + 1).and_then(Token::name);
        if let ("fn" | "struct" | "enum" | "trait" | "type" | "const" | "static", Some(defined)) = (name, next) {
            self.defined.insert(defined.to_owned());
        }
        let mut path = vec![name.to_owned()];
        let mut end = at + 1;
        while let [first, second, Token::Name(next), ..] = &tokens[end..] {
            if !(first.is(':') && second.is(':')) {
                break;
            }
            path.push(next.clone());
            end += 3;
        }
        self.names.insert(name.to_owned());
        if path.len() > 1 {
            self.paths.insert(path);
        }
        end
    }
}

fn is_test_module(tokens: &[Token]) -> bool {
    let attribute = ["#", "[", "cfg", "(", "test", ")", "]"];
    tokens.len() > attribute.len()
        && attribute.iter().zip(tokens).all(|(wanted, token)| match token {
            Token::Name(name) => name == wanted,
            Token::Mark(mark) => wanted.starts_with(*mark),
            Token::Text(_) => false,
        })
}

/// The first token after an item, which ends with `;` or with its braces.
fn skip_item(tokens: &[Token], start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        depth += usize::from(token.is('{'));
        if token.is('}') {
            depth -= 1;
        }
        if depth == 0 && (token.is(';') || token.is('}')) {
            return at + 1;
        }
    }
    tokens.len()
}

fn read_imports<'a>(
    tokens: &mut std::iter::Peekable<impl Iterator<Item = &'a Token>>,
    prefix: &Segments,
    found: &mut Vec<Import>,
) {
    let mut path = prefix.clone();
    let mut renamed = None;
    let mut nested = false;
    let finish = |path: &Segments, renamed: Option<String>, nested: bool, found: &mut Vec<Import>| {
        if !nested && path.len() > prefix.len() {
            let path: Segments = path.iter().filter(|s| *s != "self" || path[0] == "self").cloned().collect();
            let name = renamed.or_else(|| path.last().cloned()).unwrap_or_default();
            found.push((path, name));
        }
    };
    while let Some(token) = tokens.next() {
        match token {
            Token::Name(name) if name == "as" => renamed = tokens.next().and_then(Token::name).map(str::to_owned),
            Token::Name(name) => path.push(name.clone()),
            Token::Mark('*') => path.push("*".into()),
            Token::Mark('{') => {
                read_imports(tokens, &path, found);
                nested = true;
            }
            Token::Mark(',') => {
                finish(&path, renamed.take(), nested, found);
                (path, nested) = (prefix.clone(), false);
            }
            Token::Mark('}') => break,
            Token::Mark(_) | Token::Text(_) => {}
        }
    }
    finish(&path, renamed, nested, found);
}

/// The modules of a crate that have a file, by path; the crate itself has the empty one.
struct Crate(BTreeMap<Segments, Module>);

impl Crate {
    fn read(folder: &Path) -> Self {
        let modules = files(folder, "rs").into_iter().filter_map(|file| {
            let inside = file.strip_prefix(folder).unwrap().with_extension("");
            let mut path: Segments = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            if path.iter().any(|part| part == "tests") {
                return None;
            }
            if matches!(path.last().map(String::as_str), Some("mod" | "lib" | "main")) {
                path.pop();
            }
            Some((path, Module::read(&file)))
        });
        Self(modules.collect())
    }

    /// The path from the crate's root, if the path means something in this crate.
    fn absolute(&self, from: &Segments, path: &[String]) -> Option<Segments> {
        let first = path.first()?;
        let mut base = match first.as_str() {
            "crate" => Vec::new(),
            "self" => from.clone(),
            "super" => from[..from.len().checked_sub(1)?].to_vec(),
            child => {
                let here = [from.as_slice(), &[child.to_owned()]].concat();
                return self.0.contains_key(&here).then(|| [from.as_slice(), path].concat());
            }
        };
        for segment in &path[1..] {
            if segment == "super" {
                base.pop()?;
            } else {
                base.push(segment.clone());
            }
        }
        Some(base)
    }

    /// The module that defines what a path names: imports and re-exports on the way are followed.
    fn definition(&self, from: &Segments, path: &[String], depth: usize) -> Option<Target> {
        if depth > 8 {
            return None;
        }
        let Some(absolute) = self.absolute(from, path) else {
            let module = self.0.get(from)?;
            let (imported, _) = module.imports().find(|(_, name)| Some(name) == path.first())?;
            if imported == path {
                return None;
            }
            return self.definition(from, &[imported.as_slice(), &path[1..]].concat(), depth + 1);
        };
        let known = (0..=absolute.len()).rev().find(|&length| self.0.contains_key(&absolute[..length]))?;
        let (owner, rest) = absolute.split_at(known);
        let owner = owner.to_vec();
        let module = &self.0[&owner];
        let Some(item) = rest.first().filter(|item| *item != "*") else { return Some(Target::Module(owner)) };
        if module.defined.contains(item) {
            return Some(Target::Item(owner));
        }
        if module.imports().any(|(_, name)| name == item) {
            return self.definition(&owner, rest, depth + 1);
        }
        let globs = module.imports().filter(|(_, name)| name == "*");
        let found = globs.filter_map(|(glob, _)| {
            let path = [&glob[..glob.len() - 1], &rest[..1]].concat();
            self.definition(&owner, &path, depth + 1)
                .filter(|target| matches!(target, Target::Item(file) if self.0[file].defined.contains(item)))
        });
        Some(found.last().unwrap_or(Target::Item(owner)))
    }

    fn uses(&self, module: &Segments) -> BTreeSet<Segments> {
        let this = &self.0[module];
        let private = this.private.iter().map(|(path, _)| path);
        // What a file hands on it uses only if it names it besides.
        let named = this.public.iter().filter(|(_, name)| this.names.contains(name)).map(|(path, _)| path);
        let all = private.chain(named).chain(&this.paths);
        all.filter_map(|path| match self.definition(module, path, 0)? {
            Target::Item(owner) => Some(owner),
            // A module that is only named is used through the paths that begin with it.
            Target::Module(owner) => path.last().is_some_and(|last| last == "*").then_some(owner),
        })
        .filter(|owner| owner != module)
        .collect()
    }

    /// Each ring: its files, and for each the other files of the ring that it uses.
    fn rings(&self) -> Vec<BTreeMap<&Path, Vec<&Path>>> {
        let uses: BTreeMap<&Segments, BTreeSet<Segments>> = self.0.keys().map(|name| (name, self.uses(name))).collect();
        let reached = |start: &Segments| {
            let (mut seen, mut next) = (BTreeSet::new(), vec![start]);
            while let Some(module) = next.pop() {
                next.extend(uses[module].iter().filter(|used| seen.insert((*used).clone())));
            }
            seen
        };
        let reachable: BTreeMap<&Segments, _> = self.0.keys().map(|name| (name, reached(name))).collect();
        let file = |name: &Segments| self.0[name].file.strip_prefix(root()).unwrap_or(&self.0[name].file);
        let ring = |name: &Segments| -> BTreeSet<&Segments> {
            let others = reachable[name].iter().filter(|other| reachable[other].contains(name));
            others.filter_map(|other| self.0.get_key_value(other)).map(|(other, _)| other).collect()
        };
        let rings: BTreeSet<BTreeSet<&Segments>> = self.0.keys().map(ring).filter(|ring| ring.len() > 1).collect();
        let with_uses = |ring: BTreeSet<&Segments>| {
            let used = |name: &&Segments| uses[*name].iter().filter(|used| ring.contains(used)).map(file).collect();
            ring.iter().map(|name| (file(name), used(name))).collect()
        };
        rings.into_iter().map(with_uses).collect()
    }
}

impl Module {
    fn imports(&self) -> impl Iterator<Item = &Import> {
        self.public.iter().chain(&self.private)
    }
}

enum Target {
    Module(Segments),
    Item(Segments),
}

#[test]
fn no_more_than_three_files_need_each_other() {
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path().join("src")).collect();
    folders.push(root().join("tests/harness"));
    let mut large = Vec::new();
    for folder in folders {
        let found = Crate::read(&folder);
        let rings = found.rings().into_iter().filter(|ring| ring.len() > LARGEST_RING);
        large.extend(rings.map(|ring| format!("{} files, and which of the others each uses: {ring:#?}", ring.len())));
    }
    assert!(large.is_empty(), "{}", large.join("\n"));
}

/// The control: a test that finds no ring anywhere says nothing.
#[test]
fn a_ring_through_imports_paths_and_re_exports_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let ring_sizes = |sources: &[(&str, &str)]| {
        for (name, text) in sources {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Crate::read(folder.path()).rings().iter().map(BTreeMap::len).collect::<Vec<_>>()
    };
    let root = ("lib.rs", "mod a; mod b; mod c; mod d; pub use a::A; pub use b::*;");
    let a = ("a.rs", "use crate::{B, c::C as Other}; pub struct A(B);");
    let b = ("b.rs", "use std::fmt; pub struct B(super::c::C);");
    let c = ("c.rs", "use super::d; pub struct C(d::D);");
    let d = ("d.rs", "pub struct D; // crate::A\n#[cfg(test)] mod tests { use crate::A; }");
    assert!(ring_sizes(&[root, a, b, c, d]).is_empty(), "comments, tests and re-exports are no uses");
    assert_eq!(ring_sizes(&[("d.rs", "pub struct D(Option<Box<crate::A>>);")]), [4]);
    assert_eq!(ring_sizes(&[("c.rs", "pub struct C(crate::A);")]), [3]);
}
