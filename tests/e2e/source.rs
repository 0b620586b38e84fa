//! Reads the workspace's Rust files: identifiers, punctuation, string literals and comments, each with its line.

use std::path::{Path, PathBuf};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    Name(String),
    Mark(char),
    Text(String),
}

impl Token {
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Mark(_) | Self::Text(_) => None,
        }
    }

    pub(crate) fn is(&self, mark: char) -> bool {
        *self == Self::Mark(mark)
    }
}

/// A Rust file, split into code and comments. Numbers, lifetimes and characters are left out.
#[derive(Debug, Default)]
pub(crate) struct Source {
    pub(crate) tokens: Vec<(usize, Token)>,
    pub(crate) comments: Vec<(usize, String)>,
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All files with this extension below a folder of the workspace, sorted. Installed packages are not ours.
pub(crate) fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.extend(Some(path).filter(|path| !path.ends_with("node_modules")));
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

impl Source {
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut reader = Reader { chars: text.chars().collect(), at: 0, line: 1 };
        let mut source = Self::default();
        while reader.at < reader.chars.len() {
            reader.next(&mut source);
        }
        source
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = (usize, &str)> {
        self.tokens.iter().filter_map(|(line, token)| Some((*line, token.name()?)))
    }
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    line: usize,
}

impl Reader {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn take(&mut self) -> char {
        let taken = self.peek(0);
        self.line += usize::from(taken == '\n');
        self.at += 1;
        taken
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while self.at < self.chars.len() && wanted(self.peek(0)) {
            taken.push(self.take());
        }
        taken
    }

    fn next(&mut self, source: &mut Source) {
        let line = self.line;
        let is_name = |c: char| c == '_' || c.is_alphanumeric();
        match self.peek(0) {
            '/' if self.peek(1) == '/' => {
                let comment = self.take_while(|c| c != '\n');
                source.comments.push((line, comment.trim_start_matches(['/', '!']).trim().to_owned()));
            }
            '/' if self.peek(1) == '*' => {
                let mut comment = String::new();
                while self.at < self.chars.len() && !comment.ends_with("*/") {
                    comment.push(self.take());
                }
                source.comments.push((line, comment));
            }
            '"' => source.tokens.push((line, Token::Text(self.text()))),
            '\'' => self.character_or_lifetime(),
            c if c.is_ascii_digit() => drop(self.take_while(is_name)),
            c if is_name(c) => {
                let name = self.take_while(is_name);
                if matches!(name.as_str(), "r" | "b" | "br" | "c" | "cr") && matches!(self.peek(0), '"' | '#') {
                    let text = if name.contains('r') { self.raw_text() } else { Some(self.text()) };
                    source.tokens.extend(text.map(|text| (line, Token::Text(text))));
                } else {
                    source.tokens.push((line, Token::Name(name)));
                }
            }
            c if c.is_whitespace() => drop(self.take()),
            c => {
                self.take();
                source.tokens.push((line, Token::Mark(c)));
            }
        }
    }

    fn text(&mut self) -> String {
        self.take();
        let mut text = String::new();
        while self.at < self.chars.len() && self.peek(0) != '"' {
            if self.peek(0) == '\\' {
                self.take();
                if self.peek(0) == '\n' {
                    self.take_while(char::is_whitespace);
                    continue;
                }
            }
            text.push(self.take());
        }
        self.take();
        text
    }

    /// The text after `r`, or nothing for a raw identifier.
    fn raw_text(&mut self) -> Option<String> {
        let hashes = self.take_while(|c| c == '#');
        if self.peek(0) != '"' {
            return None;
        }
        self.take();
        let end = format!("\"{hashes}");
        let mut text = String::new();
        while self.at < self.chars.len() && !text.ends_with(&end) {
            text.push(self.take());
        }
        text.truncate(text.len() - end.len());
        Some(text)
    }

    fn character_or_lifetime(&mut self) {
        self.take();
        if self.peek(0) == '\\' {
            self.take();
            self.take();
            self.take_while(|c| c != '\'');
            self.take();
        } else if self.peek(1) == '\'' {
            self.take();
            self.take();
        } else {
            self.take_while(|c| c == '_' || c.is_alphanumeric());
        }
    }
}
