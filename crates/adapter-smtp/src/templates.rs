//! The texts of mails: built in, and replaceable file by file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use minijinja::{Environment, UndefinedBehavior, Value};
use thiserror::Error;

/// Every template there is. The names are those of the files that may replace them.
const BUILT_IN: [(&str, &str); 27] = [
    ("meeting_info.subject.txt", include_str!("../templates/meeting_info.subject.txt")),
    ("meeting_info.txt", include_str!("../templates/meeting_info.txt")),
    ("meeting_info.html", include_str!("../templates/meeting_info.html")),
    ("reminder.subject.txt", include_str!("../templates/reminder.subject.txt")),
    ("reminder.txt", include_str!("../templates/reminder.txt")),
    ("reminder.html", include_str!("../templates/reminder.html")),
    ("invitation.subject.txt", include_str!("../templates/invitation.subject.txt")),
    ("invitation.txt", include_str!("../templates/invitation.txt")),
    ("invitation.html", include_str!("../templates/invitation.html")),
    ("rescheduled.subject.txt", include_str!("../templates/rescheduled.subject.txt")),
    ("rescheduled.txt", include_str!("../templates/rescheduled.txt")),
    ("rescheduled.html", include_str!("../templates/rescheduled.html")),
    ("cancelled.subject.txt", include_str!("../templates/cancelled.subject.txt")),
    ("cancelled.txt", include_str!("../templates/cancelled.txt")),
    ("cancelled.html", include_str!("../templates/cancelled.html")),
    ("meeting_link.subject.txt", include_str!("../templates/meeting_link.subject.txt")),
    ("meeting_link.txt", include_str!("../templates/meeting_link.txt")),
    ("meeting_link.html", include_str!("../templates/meeting_link.html")),
    ("receipt.subject.txt", include_str!("../templates/receipt.subject.txt")),
    ("receipt.txt", include_str!("../templates/receipt.txt")),
    ("receipt.html", include_str!("../templates/receipt.html")),
    ("payment_problem.subject.txt", include_str!("../templates/payment_problem.subject.txt")),
    ("payment_problem.txt", include_str!("../templates/payment_problem.txt")),
    ("payment_problem.html", include_str!("../templates/payment_problem.html")),
    ("refund.subject.txt", include_str!("../templates/refund.subject.txt")),
    ("refund.txt", include_str!("../templates/refund.txt")),
    ("refund.html", include_str!("../templates/refund.html")),
];

/// What is wrong with the templates folder.
#[derive(Debug, Error)]
pub enum TemplateError {
    /// The folder or a file in it cannot be read.
    #[error("the mail template {} cannot be read", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that replaces nothing; most likely its name is misspelt.
    #[error("{} is not the name of a mail template; these are: {}", path.display(), names())]
    Unknown {
        /// Which one.
        path: PathBuf,
    },
    /// The file is not a template.
    #[error("the mail template {} is broken", path.display())]
    Broken {
        /// Which one.
        path: PathBuf,
        /// Where and why.
        source: minijinja::Error,
    },
}

fn names() -> String {
    BUILT_IN.map(|(name, _)| name).join(", ")
}

/// What a template may use.
pub(crate) type Values = BTreeMap<&'static str, Value>;

/// The templates in use, all parsed.
pub(crate) struct Templates(Environment<'static>);

impl Templates {
    /// Takes the built-in templates, and those of the folder instead where it has them.
    pub(crate) fn load(folder: Option<&Path>) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        // A misspelt value must fail at start, not leave a hole in a client's mail.
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut sources: BTreeMap<&str, (PathBuf, String)> =
            BUILT_IN.map(|(name, text)| (name, (PathBuf::from(name), text.to_owned()))).into();
        if let Some(folder) = folder {
            replace_from(folder, &mut sources)?;
        }
        for (name, (path, text)) in sources {
            environment.add_template_owned(name, text).map_err(|source| TemplateError::Broken { path, source })?;
        }
        Ok(Self(environment))
    }

    /// Fills a template in. The error names the template and its line.
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
        // Mounted configuration folders hold hidden entries of their own.
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
