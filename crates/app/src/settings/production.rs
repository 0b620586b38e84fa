//! What only production refuses, because it is for trials. The other settings say so themselves.

use anyhow::{Result, ensure};
use attune_http_common::AddressRange;

use super::{DatabaseUrl, Settings};

impl Settings {
    /// Every error names the key and the remedy.
    pub(super) fn refuse_trials(&self, database: &DatabaseUrl, trusted_proxies: &[AddressRange]) -> Result<()> {
        ensure!(
            self.auth.secret.is_set(),
            "auth.secret (or auth.secret_file) must be set in production: at least 32 random characters"
        );
        match database {
            DatabaseUrl::Sqlite(_) => {}
            DatabaseUrl::Memory => anyhow::bail!(
                "database.url must not be memory: in production, because everything would be lost when the process ends; use \
                 sqlite: or postgres://"
            ),
            DatabaseUrl::Postgres(url) => ensure!(
                self.database.allow_plaintext
                    || attune_adapter_postgres::DatabaseUrl::new(url.expose()).is_encrypted_or_local()?,
                "database.url lets the connection to PostgreSQL be unencrypted: add ?sslmode=verify-full (or verify-ca or \
                 require) to it, or set database.allow_plaintext = true if no one else is on that network"
            ),
        }
        ensure!(
            !self.http.public_url.trim().is_empty(),
            "http.public_url must be set in production: the URL of this service as browsers see it, such as \
             https://booking.example.org"
        );
        ensure!(
            self.mail.transport != "file",
            "mail.transport must be smtp in production: emails that are files reach no one"
        );
        ensure!(
            self.limits.enabled,
            "limits.enabled must be true in production: without limits, anyone can guess passwords all day"
        );
        ensure!(
            !trusted_proxies.iter().any(AddressRange::contains_all),
            "http.trusted_proxies must name your proxies in production: with a range that contains all addresses, anyone can \
             claim to be anyone"
        );
        ensure!(
            self.testing.clock_file.is_empty(),
            "testing.clock_file is for tests only and must not be set in production"
        );
        ensure!(
            !self.testing.pseudo_language,
            "testing.pseudo_language is for tests only and must not be set in production"
        );
        Ok(())
    }
}
