//! The templates of emails: built in, and replaceable file by file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use minijinja::{Environment, UndefinedBehavior, Value};
use thiserror::Error;

/// The names and texts of the three templates of one kind of email. The names are those of the files that replace them.
macro_rules! built_in {
    ($($kind:literal),+) => {
        [$(
            (concat!($kind, ".subject.txt"), include_str!(concat!("../templates/", $kind, ".subject.txt"))),
            (concat!($kind, ".txt"), include_str!(concat!("../templates/", $kind, ".txt"))),
            (concat!($kind, ".html"), include_str!(concat!("../templates/", $kind, ".html"))),
        )+]
    };
}

const BUILT_IN: [(&str, &str); 27] = built_in!(
    "meeting_info",
    "reminder",
    "invitation",
    "rescheduled",
    "cancelled",
    "meeting_link",
    "receipt",
    "payment_problem",
    "refund"
);

/// Variables that were renamed, with their successors.
const RENAMED: [(&str, &str); 4] = [
    ("comes_back", "will_be_refunded"),
    ("day", "short_date"),
    ("in_words", "starts_in"),
    ("returned_at", "refunded_at"),
];

#[derive(Debug, Error)]
pub enum TemplateError {
    #[error("the email template {} cannot be read", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} is not the name of an email template; these are: {}", path.display(), names())]
    Unknown { path: PathBuf },
    #[error("the email template {} has a syntax error", path.display())]
    Syntax { path: PathBuf, source: minijinja::Error },
    #[error("the email template {} uses the variable {old}, which was renamed to {new}", path.display())]
    RenamedVariable { path: PathBuf, old: &'static str, new: &'static str },
}

fn names() -> String {
    BUILT_IN.map(|(name, _)| name).join(", ")
}

pub(crate) type Values = BTreeMap<&'static str, Value>;

pub(crate) struct Templates(Environment<'static>);

impl Templates {
    /// A file in the folder replaces the built-in template of the same name.
    pub(crate) fn load(folder: Option<&Path>) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        // A misspelt variable must fail at start, not leave a gap in a client's email.
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut sources: BTreeMap<&str, (PathBuf, String)> =
            BUILT_IN.map(|(name, text)| (name, (PathBuf::from(name), text.to_owned()))).into();
        if let Some(folder) = folder {
            replace_from(folder, &mut sources)?;
        }
        for (name, (path, text)) in sources {
            if let Err(source) = environment.add_template_owned(name, text) {
                return Err(TemplateError::Syntax { path, source });
            }
            let used = environment.get_template(name).map(|template| template.undeclared_variables(false));
            let used = used.unwrap_or_default();
            if let Some((old, new)) = RENAMED.into_iter().find(|(old, _)| used.contains(*old)) {
                return Err(TemplateError::RenamedVariable { path, old, new });
            }
        }
        Ok(Self(environment))
    }

    pub(crate) fn render(&self, name: &str, values: &Values) -> Result<String, minijinja::Error> {
        self.0.get_template(name)?.render(values)
    }
}

fn replace_from(folder: &Path, sources: &mut BTreeMap<&str, (PathBuf, String)>) -> Result<(), TemplateError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        |source| TemplateError::Unreadable { path, source }
    };
    for file in fs::read_dir(folder).map_err(unreadable(folder))? {
        let file = file.map_err(unreadable(folder))?;
        let name = file.file_name();
        let name = name.to_string_lossy();
        // Mounted configuration folders contain hidden entries of their own.
        if name.starts_with('.') {
            continue;
        }
        let path = file.path();
        let Some(source) = sources.get_mut(&*name) else {
            return Err(TemplateError::Unknown { path });
        };
        let text = fs::read_to_string(&path).map_err(unreadable(&path))?;
        *source = (path, text);
    }
    Ok(())
}
