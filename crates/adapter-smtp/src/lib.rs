//! Mail of Attune: rendering, and transport over SMTP or into files
