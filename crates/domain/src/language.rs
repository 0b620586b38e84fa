//! Languages of emails, pages and the practice's own texts.

crate::text_enum! {
    /// A language. Its name is its tag (BCP 47).
    #[derive(Default)]
    pub enum Language {
        /// English, with British dates.
        #[default]
        English => "en",
        /// German.
        German => "de",
        /// French.
        French => "fr",
        /// Spanish.
        Spanish => "es",
    }
}
