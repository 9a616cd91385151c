//! The password as the first step of a change.

use std::time::Duration;

use accounts::{
    password::{MAX_BYTES, Verdict},
    user::{PasswordHash, User},
};
use kernel::{Kind, Problem, Secret};
use store::{
    Tx,
    limits::{self, Limit},
};

/// Demands the current password of whoever has one. Five wrong ones mean a pause of five minutes; a right one, which is noted
/// in the transaction, forgets them. A counter, the hash, and nothing for whoever has none.
///
/// # Errors
/// [`Kind::PasswordWrong`] or [`Kind::TooManyRequests`]
pub async fn demand(s: &crate::State, tx: &mut Tx, user: &User, password: Option<&Secret>) -> Result<(), Problem> {
    if !user.has_password {
        return Ok(());
    }
    let limit = Limit::new("mfa_password", user.id, 5, Duration::from_secs(300)).pausing();
    limits::take(&s.table, s.sys.now(), std::slice::from_ref(&limit)).await?;
    let password = password.filter(|p| p.expose().len() <= MAX_BYTES).ok_or(Kind::PasswordWrong)?;
    let hash = s.table.get::<PasswordHash>(PasswordHash::key_of(user.id)).await?;
    if s.hasher.verify(hash.as_ref(), password).await? == Verdict::Wrong {
        return Err(Kind::PasswordWrong.into());
    }
    tx.delete(limit.key());
    Ok(())
}
