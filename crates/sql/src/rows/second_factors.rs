use attune_domain::UserId;
use attune_ports::{StoreError, TokenHash, TotpFactor};
use diesel::prelude::*;

use super::FromRow;
use crate::map::count;
use crate::schema::{recovery_codes, totp_factors};

#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = totp_factors)]
pub struct TotpFactorRow {
    user_id: i64,
    sealed_secret: Vec<u8>,
    last_step: i64,
}

impl TotpFactorRow {
    /// Errors: [`StoreError::Failed`] for a time step beyond the numbers of the database.
    pub fn new(user: UserId, factor: &TotpFactor) -> Result<Self, StoreError> {
        let last_step = i64::try_from(factor.last_step).map_err(|e| StoreError::Failed(e.into()))?;
        Ok(Self { user_id: user.get(), sealed_secret: factor.sealed_secret.clone(), last_step })
    }
}

impl FromRow for TotpFactor {
    type Row = TotpFactorRow;

    fn from_row(row: TotpFactorRow) -> Result<Self, StoreError> {
        Ok(Self { sealed_secret: row.sealed_secret, last_step: count(row.last_step)? })
    }
}

#[derive(Clone, Insertable)]
#[diesel(table_name = recovery_codes)]
pub struct RecoveryCodeRow {
    user_id: i64,
    hash: Vec<u8>,
}

impl RecoveryCodeRow {
    pub fn all(user: UserId, codes: &[TokenHash]) -> Vec<Self> {
        codes.iter().map(|code| Self { user_id: user.get(), hash: code.0.to_vec() }).collect()
    }
}
