//! The owner of a cart: a signed-in member, a guest with a token, or a member who was a guest until now.

use axum::extract::FromRequestParts;
use callers::{bearer, load_with};
use commerce::cart::{Cart, GuestToken};
use http::{HeaderMap, header, request::Parts};
use kernel::{Kind, Problem};
use web::Admits;

use crate::State;

/// The name of the header with the token of a guest.
const TOKEN: &str = "cart-token";

/// The caller of an operation on a cart. An access token is optional; an invalid one is refused.
pub struct Shopper {
    /// The member's cart, which can be empty. `None` for a guest.
    pub cart: Option<Cart>,
    /// The token of a guest's cart, if the caller has one.
    pub token: Option<GuestToken>,
}

impl Admits for Shopper {}

fn token(headers: &HeaderMap) -> Result<Option<GuestToken>, Problem> {
    let Some(value) = headers.get(TOKEN) else { return Ok(None) };
    let token = value.to_str().ok().and_then(GuestToken::parse);
    token.map(Some).ok_or_else(|| Kind::Malformed.because("the Cart-Token is not a valid token"))
}

impl FromRequestParts<State> for Shopper {
    type Rejection = web::Error;

    async fn from_request_parts(parts: &mut Parts, s: &State) -> Result<Self, web::Error> {
        let cart = if parts.headers.contains_key(header::AUTHORIZATION) { Some(own(parts, s).await?) } else { None };
        Ok(Self { cart, token: token(&parts.headers)? })
    }
}

/// Returns the cart of the owner of the access token. One request to the table, which also authenticates them.
async fn own(parts: &Parts, s: &State) -> Result<Cart, Problem> {
    let claims = s.tokens.verify(bearer(&parts.headers)?).await?;
    let key = Cart::key_of(claims.sub);
    let (member, mut found) = load_with(&s.table, &s.sys, &claims, Some(key.clone()), false).await?;
    let user = member?.user.id;
    Ok(found.take::<Cart>(&key)?.unwrap_or_else(|| Cart::empty(user)))
}
