//! The templates of emails: built in, and replaceable file by file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use attune_domain::notification::NotificationKind;
use minijinja::{Environment, UndefinedBehavior, Value};
use thiserror::Error;

/// The three templates of every email, by the names of the files that replace them.
const BUILT_IN: [(&str, &str); 3] = [
    ("email.subject.txt", include_str!("../templates/email.subject.txt")),
    ("email.txt", include_str!("../templates/email.txt")),
    ("email.html", include_str!("../templates/email.html")),
];

/// The part of an email that a template renders.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TemplatePart {
    Subject,
    Text,
    Html,
}

impl TemplatePart {
    const ALL: [Self; 3] = [Self::Subject, Self::Text, Self::Html];

    /// The template of all emails.
    fn built_in(self) -> &'static str {
        BUILT_IN[self as usize].0
    }

    /// The template of one kind of email, which exists only as a file.
    fn of(self, kind: NotificationKind) -> String {
        self.built_in().replacen("email", kind.as_str(), 1)
    }
}

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
    #[error("{} is not the name of an email template; these are: {}", path.display(), names().join(", "))]
    Unknown { path: PathBuf },
    #[error("the email template {} has a syntax error", path.display())]
    Syntax { path: PathBuf, source: minijinja::Error },
    #[error("the email template {} uses the variable {old}, which was renamed to {new}", path.display())]
    RenamedVariable { path: PathBuf, old: &'static str, new: &'static str },
}

/// The names of all templates, first the built-in ones.
fn names() -> Vec<String> {
    let kinds = NotificationKind::WITHOUT_OFFSET.into_iter().chain([NotificationKind::Reminder { minutes_before: 0 }]);
    let of_kinds = kinds.flat_map(|kind| TemplatePart::ALL.map(|part| part.of(kind)));
    BUILT_IN.map(|(name, _)| name.to_owned()).into_iter().chain(of_kinds).collect()
}

pub(crate) type Values = BTreeMap<&'static str, Value>;

pub(crate) struct Templates {
    environment: Environment<'static>,
    /// Those that can list several appointments.
    lists: BTreeSet<String>,
}

/// The prefix of built-in templates that remain when a file replaces them. No file can have such a name.
const ORIGINAL: &str = "built-in/";

impl Templates {
    /// A file in the folder replaces the built-in template of the same name, or for its kind of email.
    pub(crate) fn load(folder: Option<&Path>) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        // A misspelt variable must fail at start, not leave a gap in a client's email.
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let built_in = |prefix: &str| {
            BUILT_IN.map(|(name, text)| (format!("{prefix}{name}"), (PathBuf::from(name), text.to_owned())))
        };
        let mut sources: BTreeMap<String, (PathBuf, String)> =
            built_in("").into_iter().chain(built_in(ORIGINAL)).collect();
        let mut lists = BTreeSet::new();
        if let Some(folder) = folder {
            add_from(folder, &mut sources)?;
        }
        for (name, (path, text)) in sources {
            if let Err(source) = environment.add_template_owned(name.clone(), text) {
                return Err(TemplateError::Syntax { path, source });
            }
            let used = environment.get_template(&name).map(|template| template.undeclared_variables(false));
            let used = used.unwrap_or_default();
            if let Some((old, new)) = RENAMED.into_iter().find(|(old, _)| used.contains(*old)) {
                return Err(TemplateError::RenamedVariable { path, old, new });
            }
            if used.contains("appointments") {
                lists.insert(name);
            }
        }
        Ok(Self { environment, lists })
    }

    /// The name of the template of this part: the one for this kind of email, if the operator wrote one. An operator's template
    /// that does not list `appointments` would hide all but one of several.
    pub(crate) fn name(&self, part: TemplatePart, kind: NotificationKind, several: bool) -> String {
        let fits = |name: &String| !several || matches!(part, TemplatePart::Subject) || self.lists.contains(name);
        let own = Some(part.of(kind)).filter(|name| self.environment.get_template(name).is_ok());
        let candidates = own.into_iter().chain([part.built_in().to_owned()]);
        candidates.into_iter().find(fits).unwrap_or_else(|| format!("{ORIGINAL}{}", part.built_in()))
    }

    pub(crate) fn render(&self, name: &str, values: &Values) -> Result<String, minijinja::Error> {
        self.environment.get_template(name)?.render(values)
    }
}

fn add_from(folder: &Path, sources: &mut BTreeMap<String, (PathBuf, String)>) -> Result<(), TemplateError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        |source| TemplateError::Unreadable { path, source }
    };
    let known = names();
    for file in fs::read_dir(folder).map_err(unreadable(folder))? {
        let file = file.map_err(unreadable(folder))?;
        let name = file.file_name();
        let name = name.to_string_lossy();
        // Mounted configuration folders contain hidden entries of their own.
        if name.starts_with('.') {
            continue;
        }
        let path = file.path();
        if !known.iter().any(|known| *known == name) {
            return Err(TemplateError::Unknown { path });
        }
        let text = fs::read_to_string(&path).map_err(unreadable(&path))?;
        sources.insert(name.into_owned(), (path, text));
    }
    Ok(())
}
