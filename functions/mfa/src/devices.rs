//! Devices that skip the second step.

use accounts::{
    agent::Agent,
    audit::{Action, AuditEntry},
    session,
};
use axum::extract::State;
use callers::Member;
use kernel::{Kind, Problem, Time, Timestamp, id::DeviceId};
use proofs::device::{self, Device};
use serde::Serialize;
use store::{Item as _, Tx};
use utoipa::ToSchema;
use web::{Json, NoContent, Path, Problems, RequestId};

/// A device whose trust ends within this time is listed with `expires_soon`.
const EXPIRES_SOON: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 3600);

/// Trusted devices of the caller.
#[derive(Serialize, ToSchema)]
pub struct DeviceList {
    /// The devices, the most recently used first. At most ten.
    items: Vec<DeviceInfo>,
}

/// A trusted device.
#[derive(Serialize, ToSchema)]
pub struct DeviceInfo {
    id: DeviceId,
    /// Whether the session of this request began on it.
    current: bool,
    /// A description in words.
    agent: Agent,
    /// The client address of its last use.
    #[schema(examples("203.0.113.7"))]
    address: Option<String>,
    /// City and country of that address, if they are known.
    #[schema(examples("Kraków, PL"))]
    place: Option<String>,
    created_at: Timestamp,
    last_used_at: Timestamp,
    /// When it stops being trusted.
    expires_at: Timestamp,
    /// Whether that is within a week.
    expires_soon: bool,
}

impl DeviceInfo {
    fn of(device: Device, member: &Member, now: Time) -> Self {
        Self {
            id: device.id,
            current: member.session.device == Some(device.id),
            agent: Agent::of(&device.user_agent),
            created_at: device.created_at.into(),
            last_used_at: device.last_used_at.into(),
            expires_at: device.ends_at().into(),
            expires_soon: device.ends_at().since(now) <= EXPIRES_SOON,
            address: device.address,
            place: device.place,
        }
    }
}

/// Lists the trusted devices.
///
/// AWS calls: the caller, then the list.
#[utoipa::path(get, path = "/v1/me/devices", responses((status = 200, body = DeviceList), Problems))]
pub async fn list_devices(State(s): State<crate::State>, member: Member) -> Result<Json<DeviceList>, web::Error> {
    let now = s.sys.now();
    let mut devices = device::list(&s.table, member.user.id).await.map_err(Problem::from)?;
    devices.retain(|device| device.is_good(&member.user, now));
    devices.sort_by_key(|device| std::cmp::Reverse(device.last_used_at));
    Ok(Json(DeviceList { items: devices.into_iter().map(|device| DeviceInfo::of(device, &member, now)).collect() }))
}

/// Revokes trust in all devices, and ends the sessions that began on them, except the session of this request.
///
/// AWS calls: the caller, the lists of sessions and of devices, a transaction for each that is not empty.
#[utoipa::path(delete, path = "/v1/me/devices",
    extensions(("x-problems" = json!(["conflict"]))),
    responses((status = 204), Problems))]
pub async fn delete_devices(State(s): State<crate::State>, member: Member, request: RequestId) -> Result<NoContent, web::Error> {
    let own = member.session.id;
    let audit = (&s.audit, &request.0);
    session::revoke_where(&s.table, &s.sys, audit, member.user.id, |s| s.device.is_some() && s.id != own).await?;
    let (mut tx, mut forgotten) = (Tx::new(), Vec::new());
    for device in device::list(&s.table, member.user.id).await.map_err(Problem::from)? {
        tx.delete(device.key());
        forgotten.push(device.id);
    }
    if !tx.is_empty() {
        let entry = AuditEntry::of_own(&s.sys, member.user.id, &request.0, Action::DevicesForgotten);
        s.audit.add(&mut tx, &entry.changed("devices", forgotten, ()));
        s.table.commit(tx).await.map_err(Problem::from)?;
    }
    Ok(NoContent)
}

/// Revokes trust in a device, and ends the sessions that began on it.
///
/// AWS calls: the caller, the list of sessions and a transaction if any began on it, the transaction that deletes the device.
/// In this order a repetition after an interruption still finds the sessions of the device.
#[utoipa::path(delete, path = "/v1/me/devices/{device}", params(("device" = DeviceId, Path)),
    extensions(("x-problems" = json!(["not_found", "conflict"]))),
    responses((status = 204), Problems))]
pub async fn delete_device(
    State(s): State<crate::State>,
    member: Member,
    request: RequestId,
    Path(id): Path<DeviceId>,
) -> Result<NoContent, web::Error> {
    let user = member.user.id;
    session::revoke_where(&s.table, &s.sys, (&s.audit, &request.0), user, |s| s.device == Some(id)).await?;
    let mut tx = Tx::new();
    let known = device::forget(&mut tx, user, id);
    let entry = AuditEntry::of_own(&s.sys, user, &request.0, Action::DevicesForgotten);
    s.audit.add(&mut tx, &entry.changed("devices", id, ()));
    s.table.commit(tx).await.map_err(|e| if e.refused(known) { Kind::NotFound.into() } else { Problem::from(e) })?;
    Ok(NoContent)
}
