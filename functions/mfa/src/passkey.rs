//! Passkeys: registering, listing, renaming and removing them.

use accounts::{
    Resource,
    audit::{Action, AuditEntry},
    session,
    user::{User, notify_of, partition},
};
use axum::extract::State;
use callers::{Fresh, Member, MemberWith, Proof};
use events::Notice;
use kernel::{
    Kind, Problem, Time, Timestamp,
    audit::AuditText,
    id::{PasskeyId, UserId},
};
use passkeys::{MAX, PATIENCE, Passkey, RegisterPublicKeyCredential};
use proofs::webauthn::{CreatedPasskey, PasskeyCreation};
use serde::{Deserialize, Serialize};
use store::{About, CommitError, Cond, Item, Key, Personal, Tx, Update, field};
use utoipa::ToSchema;
use web::{Created, Json, NoContent, Path, Problems, RequestId};

use crate::pending;

/// The open challenge for a new passkey of a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PasskeySetup {
    user: UserId,
    /// The proof of the session that requested the challenge. Only this proof may answer it. Absent in items of older versions.
    #[serde(default)]
    proof: Option<Proof>,
    /// The state of the challenge, in the format of the library for passkeys.
    state: String,
    expires_at: Time,
}

impl PasskeySetup {
    fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "PASSKEY_SETUP")
    }
}

impl Item for PasskeySetup {
    const KIND: &'static str = "passkey_setup";
    const ABOUT: About =
        About::beside_user("PASSKEY_SETUP", Personal::Withheld("a question to a browser that waits for its answer for minutes")).expires();
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.expires_at)
    }
}

impl Resource for PasskeySetup {
    type Path = ();
    fn key_for(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

/// The argument for `navigator.credentials.create`.
#[derive(Serialize, ToSchema)]
pub struct PasskeyOptions {
    /// For `PublicKeyCredential.parseCreationOptionsFromJSON`.
    #[schema(value_type = PasskeyCreation)]
    options: serde_json::Value,
    /// When the challenge expires.
    expires_at: Timestamp,
}

/// Returns a challenge for a new passkey.
///
/// AWS calls: the caller, a counter, the list of existing passkeys, which must not be made twice, and one write.
#[utoipa::path(post, path = "/v1/me/passkeys/options",
    extensions(("x-problems" = json!(["too_many", "too_many_requests", "conflict"])), ("x-limits" = json!([pending::SETUPS]))),
    responses((status = 201, body = PasskeyOptions), Problems))]
pub async fn ask_for_passkey(State(s): State<crate::State>, Fresh(member): Fresh<Member>) -> Result<Created<PasskeyOptions>, web::Error> {
    let (user, now) = (&member.user, s.sys.now());
    pending::count(&s, user).await?;
    let has = passkeys::list(&s.table, user.id).await.map_err(Problem::from)?;
    if has.len() >= MAX {
        return Err(Problem::new(Kind::TooMany).with("max", MAX).into());
    }
    let question = s.site.ask_for_new(now, user, &has)?;
    let setup = PasskeySetup { user: user.id, proof: Some(member.proof()), state: question.state, expires_at: now + PATIENCE };
    s.table.put_always(&setup).await?;
    Ok(Created("/v1/me/passkeys".to_owned(), PasskeyOptions { options: question.options, expires_at: setup.expires_at.into() }))
}

/// A new passkey.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePasskey {
    /// The name: 1 to 50 characters.
    #[schema(examples("My phone"), min_length = 1, max_length = 50)]
    name: String,
    /// The answer of `navigator.credentials.create`, by its `toJSON()`.
    #[schema(value_type = CreatedPasskey)]
    credential: serde_json::Map<String, serde_json::Value>,
}

/// Passkeys of the caller.
#[derive(Serialize, ToSchema)]
pub struct PasskeyList {
    /// The passkeys, oldest first. At most ten.
    items: Vec<PasskeyInfo>,
}

/// A passkey.
#[derive(Serialize, ToSchema)]
pub struct PasskeyInfo {
    id: PasskeyId,
    #[schema(examples("My phone"))]
    name: String,
    created_at: Timestamp,
    /// When it was last used.
    last_used_at: Option<Timestamp>,
}

impl From<Passkey> for PasskeyInfo {
    fn from(p: Passkey) -> Self {
        Self { id: p.id, name: p.name, created_at: p.created_at.into(), last_used_at: p.last_used_at.map(Into::into) }
    }
}

/// Registers the new passkey. All other sessions end. A refused answer also uses the challenge up: request another one.
///
/// AWS calls: the caller with the challenge, one transaction; for a refused answer a deletion.
#[utoipa::path(post, path = "/v1/me/passkeys", request_body = CreatePasskey,
    extensions(("x-problems" = json!(["invalid", "passkey_invalid", "too_many", "conflict"]))),
    responses((status = 201, body = PasskeyInfo), Problems))]
pub async fn create_passkey(
    State(s): State<crate::State>,
    MemberWith { member, resource }: MemberWith<PasskeySetup>,
    client: RequestId,
    Json(body): Json<CreatePasskey>,
) -> Result<Created<PasskeyInfo>, web::Error> {
    let (user, now) = (&member.user, s.sys.now());
    let name = passkeys::name(&body.name).map_err(|e| Problem::field("/name", e))?;
    let setup = resource.filter(|setup| member.has_proof(setup.proof.as_ref()) && now < setup.expires_at).ok_or(Kind::PasskeyInvalid)?;
    let answer = serde_json::from_value::<RegisterPublicKeyCredential>(body.credential.into());
    let answer = answer.map_err(|e| Problem::new(Kind::PasskeyInvalid).because(e));
    let passkey = match answer.and_then(|answer| s.site.accept(&s.sys, user.id, name, &setup.state, &answer)) {
        Ok(passkey) => passkey,
        Err(problem) => {
            s.table.delete(PasskeySetup::key_of(user.id)).await.map_err(Problem::from)?;
            return Err(problem.into());
        }
    };
    let mut tx = Tx::new();
    let once = tx.delete_when(PasskeySetup::key_of(user.id), field("state").eq(&setup.state));
    tx.create(&passkey);
    let most = u32::try_from(MAX).unwrap_or(u32::MAX);
    let room = field("passkeys").lt(most).or(field("passkeys").absent());
    let more = Update::of(User::key_of(user.id)).add("passkeys", 1).when(room);
    let counted = session::renew_credentials(&mut tx, &s.sys, user, more, Some(&member.session));
    let entry = AuditEntry::of_own(&s.sys, user.id, &client.0, Action::PasskeyAdded);
    s.audit.add(&mut tx, &entry.changed("passkey", (), passkey.id));
    notify_of(&mut tx, &s.sys, user.id, Notice::PasskeyAdded, &client);
    s.table.commit(tx).await.map_err(|e| match &e {
        e if e.refused(once) => Kind::PasskeyInvalid.into(),
        CommitError::Refused(refused) if refused.at(counted) => {
            let current = refused.current(counted).and_then(|row| row.decode::<User>().ok());
            let full = current.is_some_and(|user| user.passkeys >= most);
            if full { Problem::new(Kind::TooMany).with("max", MAX) } else { Kind::Conflict.into() }
        }
        _ => Problem::from(e),
    })?;
    Ok(Created(format!("/v1/me/passkeys/{}", passkey.id), passkey.into()))
}

/// Lists the passkeys.
///
/// AWS calls: the caller, then the list.
#[utoipa::path(get, path = "/v1/me/passkeys", responses((status = 200, body = PasskeyList), Problems))]
pub async fn list_passkeys(State(s): State<crate::State>, member: Member) -> Result<Json<PasskeyList>, web::Error> {
    let items = passkeys::list(&s.table, member.user.id).await.map_err(Problem::from)?;
    Ok(Json(PasskeyList { items: items.into_iter().map(Into::into).collect() }))
}

/// The new name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenamePasskey {
    /// 1 to 50 characters.
    #[schema(examples("My phone"), min_length = 1, max_length = 50)]
    name: String,
}

/// Renames a passkey. It is among the caller's security events.
///
/// AWS calls: the caller, the passkey, one transaction.
#[utoipa::path(patch, path = "/v1/me/passkeys/{passkey}", params(("passkey" = PasskeyId, Path)),
    request_body = RenamePasskey,
    extensions(("x-problems" = json!(["not_found", "invalid", "conflict"]))),
    responses((status = 200, body = PasskeyInfo), Problems))]
pub async fn rename_passkey(
    State(s): State<crate::State>,
    member: Member,
    request: RequestId,
    Path(id): Path<PasskeyId>,
    Json(body): Json<RenamePasskey>,
) -> Result<Json<PasskeyInfo>, web::Error> {
    let name = passkeys::name(&body.name).map_err(|e| Problem::field("/name", e))?;
    let (user, key) = (member.user.id, Passkey::key_of(member.user.id, id));
    let mut passkey = s.table.get::<Passkey>(key.clone()).await.map_err(Problem::from)?.ok_or(Kind::NotFound)?;
    if passkey.name != name {
        let mut tx = Tx::new();
        tx.update(Update::of(key).set("name", &name).when(field("name").eq(&passkey.name)));
        let entry = AuditEntry::of_own(&s.sys, user, &request.0, Action::PasskeyRenamed).changed("passkey", id, id);
        s.audit.add(&mut tx, &entry.changed("name", AuditText(&passkey.name), AuditText(&name)));
        s.table.commit(tx).await.map_err(Problem::from)?;
        passkey.name = name;
    }
    Ok(Json(passkey.into()))
}

/// Removes a passkey, which is refused from now on. All other sessions end, because any of them may have begun with it.
///
/// AWS calls: the caller, one transaction.
#[utoipa::path(delete, path = "/v1/me/passkeys/{passkey}", params(("passkey" = PasskeyId, Path)),
    extensions(("x-problems" = json!(["not_found", "last_factor", "conflict"]))),
    responses((status = 204), Problems))]
pub async fn delete_passkey(
    State(s): State<crate::State>,
    Fresh(member): Fresh<Member>,
    client: RequestId,
    Path(id): Path<PasskeyId>,
) -> Result<NoContent, web::Error> {
    let user = &member.user;
    if user.passkeys == 1 && !user.has_password && user.phone.is_none() {
        return Err(Kind::LastFactor.into());
    }
    let mut tx = Tx::new();
    let known = tx.delete_when(Passkey::key_of(user.id, id), Cond::Exists);
    let fewer = Update::of(User::key_of(user.id)).add("passkeys", -1);
    session::renew_credentials(&mut tx, &s.sys, user, fewer, Some(&member.session));
    let entry = AuditEntry::of_own(&s.sys, user.id, &client.0, Action::PasskeyRemoved);
    s.audit.add(&mut tx, &entry.changed("passkey", id, ()));
    notify_of(&mut tx, &s.sys, user.id, Notice::PasskeyRemoved, &client);
    s.table.commit(tx).await.map_err(|e| if e.refused(known) { Kind::NotFound.into() } else { Problem::from(e) })?;
    Ok(NoContent)
}
