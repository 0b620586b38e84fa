//! Whether the accounts of the admins are protected against being taken over.

use attune_domain::{EmailAddress, Role, SecondFactorPolicy, User};
use attune_ports::{PageRequest, Queries, StoreError, UserFilter};

const PAGE: u32 = 500;

/// The admins who are not disabled.
pub(crate) struct Admins(Vec<User>);

impl Admins {
    pub(crate) async fn read(queries: &dyn Queries) -> Result<Self, StoreError> {
        let filter = UserFilter { role: Some(Role::Admin), disabled: Some(false), ..UserFilter::default() };
        Ok(Self(all_users(queries, &filter).await?))
    }

    /// What the operator should know. Names no one, because the readiness response is public.
    pub(crate) fn warning(&self) -> Option<&'static str> {
        let unprotected = self.0.iter().all(|admin| admin.second_factor_at.is_none());
        let placeholder = self.0.iter().any(|admin| is_placeholder(&admin.email));
        match (unprotected, placeholder) {
            (true, true) => Some("no admin has a second factor, and an admin still has a placeholder address"),
            (true, false) => Some("no admin has a second factor"),
            (false, true) => Some("an admin still has a placeholder address"),
            (false, false) => None,
        }
    }

    pub(crate) fn log_missing_second_factors(&self, policy: SecondFactorPolicy) {
        let without = || self.0.iter().filter(|admin| admin.second_factor_at.is_none());
        let (admins, due_at) = (without().count(), without().filter_map(|admin| policy.setup_due_at(admin)).min());
        match due_at {
            Some(due_at) => tracing::warn!(admins, %due_at, "admins have to set up a second factor"),
            None if admins > 0 => tracing::warn!(admins, "admins have no second factor"),
            None => {}
        }
    }
}

/// All accounts that match a filter, by id.
pub(crate) async fn all_users(queries: &dyn Queries, filter: &UserFilter) -> Result<Vec<User>, StoreError> {
    let mut all = Vec::new();
    loop {
        let page = PageRequest { limit: PAGE, offset: u64::try_from(all.len()).unwrap_or(u64::MAX) };
        let items = queries.users(filter, page).await?.items;
        if items.is_empty() {
            return Ok(all);
        }
        all.extend(items);
    }
}

/// Whether no one can have this address: its domain is reserved (RFC 2606, RFC 6761).
fn is_placeholder(email: &EmailAddress) -> bool {
    let labels: Vec<&str> = email.as_str().rsplit('@').next().unwrap_or_default().rsplit('.').collect();
    matches!(
        labels.as_slice(),
        ["localhost" | "invalid" | "example" | "test", ..] | ["org" | "com" | "net", "example", ..]
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use attune_adapter_memory::MemoryStore;
    use attune_ports::{NewUser, Store};
    use jiff::Timestamp;

    use super::*;

    /// Address, role, second factor, disabled.
    type Account = (&'static str, Role, bool, bool);

    async fn store_of(accounts: &[Account]) -> Arc<MemoryStore> {
        let store = MemoryStore::new();
        let mut work = store.begin().await.unwrap();
        for (email, role, second_factor, disabled) in accounts {
            let new = NewUser {
                email: email.parse().unwrap(),
                first_name: None,
                last_name: None,
                time_zone: None,
                role: *role,
                password_hash: None,
                language: None,
                email_verified_at: None,
                created_at: Timestamp::UNIX_EPOCH,
            };
            let id = work.add_user(&new).await.unwrap();
            let user = work.user_for_change(id).await.unwrap().unwrap();
            let second_factor_at = second_factor.then_some(Timestamp::UNIX_EPOCH);
            work.save_user(&User { second_factor_at, disabled: *disabled, ..user }).await.unwrap();
        }
        work.commit().await.unwrap();
        store
    }

    #[tokio::test]
    async fn unprotected_admins_are_warned_of_without_names() {
        use Role::{Admin, Client};
        let no_second_factor = Some("no admin has a second factor");
        let placeholder = Some("an admin still has a placeholder address");
        let both = Some("no admin has a second factor, and an admin still has a placeholder address");
        let table: [(&[Account], Option<&str>); 7] = [
            (&[], no_second_factor),
            (&[("a@practice.de", Admin, false, false)], no_second_factor),
            (&[("a@practice.de", Admin, true, false)], None),
            (&[("a@practice.de", Admin, true, false), ("b@practice.de", Admin, false, false)], None),
            (&[("a@practice.de", Admin, true, true), ("c@practice.de", Client, true, false)], no_second_factor),
            (&[("a@practice.de", Admin, true, false), ("admin@attune.localhost", Admin, false, false)], placeholder),
            (&[("admin@attune.localhost", Admin, false, false)], both),
        ];
        for (accounts, expected) in table {
            let store = store_of(accounts).await;
            assert_eq!(Admins::read(&*store).await.unwrap().warning(), expected, "{accounts:?}");
        }
    }

    #[tokio::test]
    async fn all_pages_are_read() {
        let emails: Vec<String> = (0..=PAGE).map(|number| format!("c{number}@clients.de")).collect();
        let accounts: Vec<Account> =
            emails.into_iter().map(|email| (&*email.leak(), Role::Client, false, false)).collect();
        let store = store_of(&accounts).await;
        let found = all_users(&*store, &UserFilter::default()).await.unwrap();
        assert!(found.iter().map(|user| user.email.as_str()).eq(accounts.iter().map(|account| account.0)));
    }

    #[test]
    fn reserved_domains_are_placeholders() {
        for (email, expected) in [
            ("admin@attune.localhost", true),
            ("admin@mail.invalid", true),
            ("admin@practice.example", true),
            ("admin@practice.test", true),
            ("admin@example.org", true),
            ("admin@example.com", true),
            ("admin@mail.example.net", true),
            ("admin@example.de", false),
            ("admin@myexample.org", false),
            ("example.org@practice.de", false),
            ("admin@test.practice.de", false),
        ] {
            assert_eq!(is_placeholder(&email.parse().unwrap()), expected, "{email}");
        }
    }
}
