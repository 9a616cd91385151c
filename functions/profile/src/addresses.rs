//! The caller's postal addresses. All of them are one item (see [`accounts::address_book`]). The batch that authenticates the caller
//! also reads this item, so listing takes no further call, and every change is one transaction that writes the whole item.

use accounts::{
    address_book::{Address, Book, Draft, PostalAddress},
    audit::{Action, AuditEntry},
};
use axum::{extract::State, response::IntoResponse};
use callers::MemberWith;
use countries::{Blocked, Country, Postcode};
use http::header;
use kernel::{Timestamp, id::AddressId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Created, Error, IfMatch, Json, NoContent, Path, Problems, RequestId, Versioned};

/// A postal address, to add or to replace one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteAddress {
    /// Street and house.
    #[schema(examples("ul. Długa 1/2"), min_length = 5, max_length = 100)]
    street: String,
    /// City.
    #[schema(examples("Kraków"), min_length = 1, max_length = 50)]
    city: String,
    /// State or province, in countries whose addresses have one.
    #[schema(min_length = 1, max_length = 50)]
    state: Option<String>,
    /// The postcode, which is stored as the country writes it. Absent if the country has none.
    #[serde(default)]
    #[schema(examples("30-001"), format = "typed")]
    postal_code: String,
    /// ISO 3166-1 alpha-2, or `XK` for Kosovo. In upper or lower case.
    #[schema(examples("PL"), format = "typed")]
    country: String,
}

impl WriteAddress {
    fn parse(&self, blocked: &Blocked) -> Result<PostalAddress, Error> {
        let Self { street, city, state, postal_code, country } = self;
        Ok(PostalAddress::parse(&Draft { street, city, state: state.as_deref(), postal_code, country }, blocked)?)
    }
}

/// A postal address.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddressInfo {
    id: AddressId,
    /// Whether it is the main address. There is exactly one.
    main: bool,
    street: String,
    city: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    /// Absent if the country has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    postal_code: Option<Postcode>,
    /// ISO 3166-1 alpha-2, or `XK` for Kosovo.
    #[schema(value_type = String)]
    country: Country,
    created_at: Timestamp,
}

impl From<(&Address, bool)> for AddressInfo {
    fn from((address, main): (&Address, bool)) -> Self {
        let PostalAddress { street, city, state, postal_code, country } = address.place.clone();
        Self { id: address.id, main, street, city, state, postal_code, country, created_at: address.created_at.into() }
    }
}

/// The caller's addresses.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddressList {
    /// The addresses, the main one first, then the newest. At most 20.
    items: Vec<AddressInfo>,
}

fn book(caller: MemberWith<Book>) -> Book {
    let user = caller.member.user.id;
    caller.resource.unwrap_or_else(|| Book::empty(user))
}

/// Returns an entry of the audit about the caller's addresses. It has only the ids of addresses.
fn entry(s: &crate::State, caller: &MemberWith<Book>, request: &RequestId) -> AuditEntry {
    AuditEntry::of_own(&s.sys, caller.member.user.id, &request.0, Action::AddressesChanged)
}

/// Lists the caller's addresses.
///
/// AWS calls: one, the batch that also authenticates the caller.
#[utoipa::path(get, path = "/v1/me/addresses",
    responses((status = 200, body = AddressList), Problems))]
pub async fn list_addresses(caller: MemberWith<Book>) -> Result<Json<AddressList>, Error> {
    Ok(Json(AddressList { items: book(caller).iter().map(Into::into).collect() }))
}

/// Adds an address. The first one becomes the main address.
///
/// AWS calls: two, the batch and the transaction, which depends on it; another transaction for each concurrent change.
#[utoipa::path(post, path = "/v1/me/addresses", request_body = WriteAddress,
    extensions(("x-problems" = json!(["invalid", "too_many", "conflict"]))),
    responses(
        (status = 201, body = AddressInfo, headers(("ETag" = String, description = "The version, such as `\"v1\"`."))),
        Problems,
    ))]
pub async fn create_address(
    State(s): State<crate::State>,
    caller: MemberWith<Book>,
    request: RequestId,
    Json(body): Json<WriteAddress>,
) -> Result<impl IntoResponse, Error> {
    let (place, id, now) = (body.parse(&s.blocked)?, s.sys.id(), s.sys.now());
    let entry = entry(&s, &caller, &request).changed("address", (), id);
    let book = book(caller).store(&s.table, (&s.audit, &entry), |book| book.add(id, place.clone(), now)).await?;
    let (address, main) = book.get(id)?;
    let tag = format!("\"v{}\"", address.version);
    Ok(([(header::ETAG, tag)], Created(format!("/v1/me/addresses/{id}"), AddressInfo::from((address, main)))))
}

/// Reads one of the caller's addresses. The `ETag` is its version.
///
/// AWS calls: one, the batch that also authenticates the caller.
#[utoipa::path(get, path = "/v1/me/addresses/{address}", params(("address" = AddressId, Path)),
    extensions(("x-problems" = json!(["not_found"]))),
    responses(
        (status = 200, body = AddressInfo, headers(("ETag" = String, description = "The version, such as `\"v3\"`."))),
        Problems,
    ))]
pub async fn get_address(caller: MemberWith<Book>, Path(id): Path<AddressId>) -> Result<Versioned<AddressInfo>, Error> {
    let book = book(caller);
    let found = book.get(id)?;
    Ok(Versioned(found.0.version, found.into()))
}

/// Replaces one of the caller's addresses: 412 if it has changed since the version in `If-Match`.
///
/// AWS calls: the same as for adding one.
#[utoipa::path(put, path = "/v1/me/addresses/{address}",
    params(
        ("address" = AddressId, Path),
        ("If-Match" = String, Header, format = "versions", description = "The version to be changed: the `ETag` of the address, a list of them, or `*` for any.", example = "\"v3\""),
    ),
    request_body = WriteAddress,
    extensions(("x-problems" = json!(["not_found", "invalid", "version_required", "version_mismatch", "conflict"]))),
    responses((status = 200, body = AddressInfo, headers(("ETag" = String, description = "The new version."))), Problems))]
pub async fn update_address(
    State(s): State<crate::State>,
    caller: MemberWith<Book>,
    request: RequestId,
    Path(id): Path<AddressId>,
    wanted: IfMatch,
    Json(body): Json<WriteAddress>,
) -> Result<Versioned<AddressInfo>, Error> {
    let entry = entry(&s, &caller, &request).changed("address", id, id);
    let before = book(caller);
    before.get(id)?;
    let place = body.parse(&s.blocked)?;
    let book = before.store(&s.table, (&s.audit, &entry), |book| book.change(id, |version| wanted.names(version), place.clone())).await?;
    let found = book.get(id)?;
    Ok(Versioned(found.0.version, found.into()))
}

/// Makes one of the caller's addresses the main one, instead of the former main address.
///
/// AWS calls: the same as for adding one; one if the address is the main address already.
#[utoipa::path(put, path = "/v1/me/addresses/{address}/main", params(("address" = AddressId, Path)),
    extensions(("x-problems" = json!(["not_found", "conflict"]))),
    responses((status = 204), Problems))]
pub async fn set_main_address(
    State(s): State<crate::State>,
    caller: MemberWith<Book>,
    request: RequestId,
    Path(id): Path<AddressId>,
) -> Result<NoContent, Error> {
    let former = caller.resource.as_ref().and_then(Book::main).map(|address| address.id);
    let entry = entry(&s, &caller, &request).changed("main_address", former, id);
    book(caller).store(&s.table, (&s.audit, &entry), |book| book.prefer(id)).await?;
    Ok(NoContent)
}

/// Deletes one of the caller's addresses. If it was the main address, the newest of the others replaces it.
///
/// AWS calls: the same as for adding one.
#[utoipa::path(delete, path = "/v1/me/addresses/{address}", params(("address" = AddressId, Path)),
    extensions(("x-problems" = json!(["not_found", "conflict"]))),
    responses((status = 204), Problems))]
pub async fn delete_address(
    State(s): State<crate::State>,
    caller: MemberWith<Book>,
    request: RequestId,
    Path(id): Path<AddressId>,
) -> Result<NoContent, Error> {
    let entry = entry(&s, &caller, &request).changed("address", id, ());
    book(caller).store(&s.table, (&s.audit, &entry), |book| book.remove(id)).await?;
    Ok(NoContent)
}
