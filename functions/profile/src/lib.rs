//! A person's profile: reading and changing it, what others see of it, and the picture.
//!
//! Others always see the username and the picture. The bio and the online status are visible unless the profile is private. The address,
//! the number, the names and the day of birth are never shown. Changes state the version they apply to, so that two devices cannot
//! overwrite each other unnoticed. Pictures are uploaded to the bucket, and downloaded from it by links that expire. Only scripts get a
//! picture from this function.

mod addresses;
mod contact;
mod deactivate;
mod export;
mod online;
mod picture;
mod public;
mod read;
mod restore;
mod update;
mod username;

use accounts::{
    audit::Audit,
    identifier::{Email, MinimumAge, Phone},
    token::Tokens,
};
use axum::extract::FromRef;
use countries::Blocked;
use files::Bucket;
use function::{Boot, Function, StartError};
use kernel::Sys;
use picture::Links;
use proofs::{code_rules::CodeRules, guesses::PasswordCooldown, sending::SendLimits};
use secrets::KeysOnDemand;
use store::Table;
use web::Site;

store::items![; <C: contact::ContactKind> contact::Pending<C>: contact::Pending<Email>, contact::Pending<Phone>];

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    audit: Audit,
    sys: Sys,
    tokens: Tokens,
    bucket: Bucket,
    links: Links,
    keys: KeysOnDemand,
    sending: SendLimits,
    codes: CodeRules,
    cooldown: PasswordCooldown,
    minimum_age: MinimumAge,
    blocked: Blocked,
    site: Site,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "profile", "The caller's profile, profiles of others, and pictures.", State =>
    read::get_me,
    update::update_me,
    username::change_username,
    contact::change_email,
    contact::verify_email_change,
    contact::resend_email_change,
    contact::change_phone,
    contact::verify_phone_change,
    contact::resend_phone_change,
    contact::delete_phone,
    restore::get_restore_contact_page,
    restore::describe_restoration_link,
    restore::restore_contact,
    deactivate::deactivate_me,
    addresses::list_addresses,
    addresses::create_address,
    addresses::get_address,
    addresses::update_address,
    addresses::set_main_address,
    addresses::delete_address,
    export::create_export,
    export::get_export,
    public::get_user,
    picture::upload::create_picture_upload,
    picture::upload::get_picture_upload,
    picture::remove::delete_picture,
    picture::show::get_picture,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let keys = KeysOnDemand::new(&boot)?;
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        audit: Audit::new(&r.need("AUDIT_TABLE_NAME")),
        tokens: tokens.clone(),
        bucket: Bucket::from_env(r, &aws),
        links: Links::read(r),
        keys,
        sending: SendLimits::read(r),
        codes: CodeRules::read(r),
        cooldown: PasswordCooldown::read(r),
        minimum_age: MinimumAge::read(r),
        blocked: Blocked::read(r),
        site: Site::read(r),
        sys: sys.clone(),
    })?;
    state.tokens.warm_up().await;
    web::function(&boot, routes(), state)
}
