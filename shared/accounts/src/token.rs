//! Access tokens: JWTs (RFC 9068 profile) signed with Ed25519, verified in process by every function.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use hkdf::Hkdf;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kernel::{
    Problem, Secret, Sys, Time,
    env::Reader,
    id::{SessionId, TokenId, UserId},
};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use utoipa::ToSchema;

use crate::{Keyring, eddsa, user::Factor};

/// How long an access token is good for.
pub const LIFE: Duration = Duration::from_secs(600);
/// How far clocks may differ.
const LEEWAY: Duration = Duration::from_secs(30);
/// `typ` of an access token (RFC 9068 §2.1).
const TYPE: &str = "at+jwt";
/// Who the tokens are for.
const AUDIENCE: &str = "stoa";
/// The version of the claims.
const VERSION: u32 = 1;
/// Longer tokens than ours are not looked at.
const MAX_BYTES: usize = 2048;

/// How somebody proved who they are (RFC 8176).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A password.
    Pwd,
    /// A code of an authenticator app.
    Otp,
    /// A code by text message.
    Sms,
    /// A key that its device releases to its owner only: a passkey.
    Pop,
    /// Two factors.
    Mfa,
    /// A code or link by mail. (RFC 8176 has no value for it.)
    Email,
    /// A recovery code. (Nor for this.)
    Recovery,
}

impl From<Factor> for Method {
    fn from(factor: Factor) -> Self {
        match factor {
            Factor::Password => Self::Pwd,
            Factor::Passkey => Self::Pop,
            Factor::App => Self::Otp,
            Factor::Email => Self::Email,
            Factor::Sms => Self::Sms,
            Factor::RecoveryCode => Self::Recovery,
        }
    }
}

/// What an access token says. All of it is required.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Who issued it: the public address of the API.
    pub iss: String,
    /// For whom.
    pub aud: String,
    /// The person.
    pub sub: UserId,
    /// The session.
    pub sid: SessionId,
    /// The token itself.
    pub jti: TokenId,
    /// Issued at, in seconds.
    pub iat: i64,
    /// Good from, in seconds.
    pub nbf: i64,
    /// Good until, in seconds.
    pub exp: i64,
    /// How the person proved who they are.
    pub amr: Vec<Method>,
    /// When they did, in seconds.
    pub auth_time: i64,
    /// The version of the claims.
    pub ver: u32,
}

/// The header of an access token. It has these members and no others: one that we do not understand may change what the signature
/// means, as `crit` and `b64` do (RFC 7515 §4.1.11, RFC 7797), or how the claims are to be read (`zip`, `enc`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JoseHeader {
    typ: String,
    alg: Algorithm,
    kid: String,
}

impl JoseHeader {
    fn of(token: &str) -> Option<Self> {
        let (header, _) = token.split_once('.')?;
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(header).ok()?).ok()
    }
}

struct TokenKey {
    id: String,
    signs: EncodingKey,
    verifies: DecodingKey,
    public: String,
}

/// Issues and verifies access tokens.
#[derive(Clone)]
pub struct Tokens {
    keys: Arc<[TokenKey]>,
    issuer: Arc<str>,
    sys: Sys,
}

impl Tokens {
    /// Reads `TOKEN_KEYS`, a keyring (the first signs, all verify), and `PUBLIC_URL`, the issuer.
    pub fn read(r: &mut Reader<'_>, sys: &Sys) -> Self {
        eddsa::install();
        let keys = Keyring::read(r, "TOKEN_KEYS").iter().map(|(id, secret)| TokenKey::new(id, secret)).collect();
        Self { keys, issuer: r.address("PUBLIC_URL").into(), sys: sys.clone() }
    }

    /// A token for a session.
    ///
    /// # Errors
    /// An internal [`Problem`] if it cannot be signed.
    pub fn issue(&self, user: UserId, session: SessionId, amr: &[Method], auth_time: Time) -> Result<String, Problem> {
        let key = self.keys.first().ok_or_else(|| Problem::internal("no token key"))?;
        let now = self.sys.now();
        let claims = Claims {
            iss: self.issuer.to_string(),
            aud: AUDIENCE.to_owned(),
            sub: user,
            sid: session,
            jti: self.sys.id(),
            iat: now.seconds(),
            nbf: now.seconds(),
            exp: (now + LIFE).seconds(),
            amr: amr.to_vec(),
            auth_time: auth_time.seconds(),
            ver: VERSION,
        };
        let header = Header { typ: Some(TYPE.to_owned()), kid: Some(key.id.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims, &key.signs).map_err(Problem::internal)
    }

    /// What a token says, if it is ours and good now. Whether its session still exists is not its business.
    #[must_use]
    pub fn verify(&self, token: &str) -> Option<Claims> {
        if token.len() > MAX_BYTES {
            return None;
        }
        let header = JoseHeader::of(token)?;
        let ours = header.typ == TYPE && header.alg == Algorithm::EdDSA;
        let key = self.keys.iter().find(|k| k.id == header.kid).filter(|_| ours)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[&*self.issuer]);
        // Times are judged below, by the clock we are given.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.verifies, &validation).ok()?.claims;
        let now = self.sys.now();
        let from = Time::from_millis(claims.nbf.max(claims.iat).saturating_mul(1000)) - LEEWAY;
        let until = Time::from_millis(claims.exp.saturating_mul(1000)) + LEEWAY;
        (claims.ver == VERSION && from <= now && now < until).then_some(claims)
    }

    /// The public keys (RFC 7517, RFC 8037).
    #[must_use]
    pub fn key_set(&self) -> KeySet {
        let key =
            |k: &TokenKey| PublicKey { kty: "OKP", crv: "Ed25519", alg: "EdDSA", usage: "sig", kid: k.id.clone(), x: k.public.clone() };
        KeySet { keys: self.keys.iter().map(key).collect() }
    }

    /// Who issues the tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}

impl TokenKey {
    fn new(id: &str, secret: &Secret) -> Self {
        let mut seed = [0; 32];
        Hkdf::<Sha256>::new(None, secret.expose().as_bytes()).expand(b"stoa token key v1", &mut seed).unwrap_or(());
        let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        Self {
            id: id.to_owned(),
            signs: EncodingKey::from_ed_der(&seed),
            verifies: DecodingKey::from_ed_der(&public),
            public: BASE64_URL_SAFE_NO_PAD.encode(public),
        }
    }
}

/// The public keys that verify access tokens.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeySet {
    /// The current one first.
    pub keys: Vec<PublicKey>,
}

/// One public key.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicKey {
    /// Always `OKP`.
    pub kty: &'static str,
    /// Always `Ed25519`.
    pub crv: &'static str,
    /// Always `EdDSA`.
    pub alg: &'static str,
    /// Always `sig`.
    #[serde(rename = "use")]
    pub usage: &'static str,
    /// Which.
    pub kid: String,
    /// The key, base64url.
    pub x: String,
}

#[cfg(test)]
mod tests {
    use kernel::Env;

    use super::*;

    fn tokens(sys: &Sys, keys: &str) -> Tokens {
        let vars = [("TOKEN_KEYS", keys), ("PUBLIC_URL", "https://api.example.test")];
        let env: Env = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        env.read(|r| Tokens::read(r, sys)).unwrap()
    }

    const A: &str = "a:p8Jw2nQ7sT4vX9zB1dF6gH3kL5mN0rYc";
    const B: &str = "b:Zc4nV8mQ1wE6rT3yU7iO9pA2sD5fG0hJ";

    #[test]
    fn tokens_live_ten_minutes_and_survive_a_rotation() {
        let sys = Sys::real();
        let token = tokens(&sys, A).issue(sys.id(), sys.id(), &[Method::Pwd], sys.now()).unwrap();
        assert!(tokens(&sys, &format!("{B},{A}")).verify(&token).is_some());
        assert!(tokens(&sys, B).verify(&token).is_none());
        let good = tokens(&sys, A);
        sys.set_offset_millis(615_000);
        assert!(good.verify(&token).is_some());
        sys.set_offset_millis(645_000);
        assert!(good.verify(&token).is_none());
        sys.set_offset_millis(-45_000);
        assert!(good.verify(&token).is_none());
    }

    #[test]
    fn what_is_signed_must_also_say_the_right_thing() {
        use serde_json::json;
        let sys = Sys::real();
        let t = tokens(&sys, A);
        let token = t.issue(sys.id(), sys.id(), &[Method::Pwd], sys.now()).unwrap();
        let payload = token.split('.').nth(1).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        let signed = |claims: &serde_json::Value| {
            let header = Header { typ: Some(TYPE.to_owned()), kid: Some("a".to_owned()), ..Header::new(Algorithm::EdDSA) };
            jsonwebtoken::encode(&header, claims, &t.keys[0].signs).unwrap()
        };
        assert!(t.verify(&signed(&claims)).is_some());
        let now = sys.now().seconds();
        for (name, value) in [
            ("iss", json!("https://evil.example")),
            ("iss", json!("https://api.example.test/")),
            ("iss", json!(["https://api.example.test"])),
            ("aud", json!("other")),
            ("aud", json!(["stoa"])),
            ("aud", json!(["stoa", "other"])),
            ("ver", json!(0)),
            ("ver", json!(2)),
            ("ver", json!("1")),
            ("nbf", json!(now + 60)),
            ("iat", json!(now + 60)),
            ("exp", json!(now - 60)),
            ("exp", json!("never")),
            ("sub", json!("ses_00000000000000000000000000")),
            ("amr", json!("pwd")),
            ("amr", json!(["iris"])),
            ("role", json!("administrator")),
        ] {
            let mut other = claims.clone();
            other[name] = value.clone();
            assert!(t.verify(&signed(&other)).is_none(), "{name} {value}");
        }
    }

    /// RFC 7515 §4.1.11: a right signature does not help a header with anything in it that is not ours.
    #[test]
    fn a_signed_header_with_any_other_member_is_refused() {
        use ed25519_dalek::Signer as _;
        use serde_json::json;
        let sys = Sys::real();
        let t = tokens(&sys, A);
        let token = t.issue(sys.id(), sys.id(), &[Method::Pwd], sys.now()).unwrap();
        let payload = token.split('.').nth(1).unwrap();
        let mut seed = [0; 32];
        let secret = A.split_once(':').unwrap().1;
        Hkdf::<Sha256>::new(None, secret.as_bytes()).expand(b"stoa token key v1", &mut seed).unwrap();
        let signed = |header: &str| {
            let signed = format!("{}.{payload}", BASE64_URL_SAFE_NO_PAD.encode(header));
            let signature = BASE64_URL_SAFE_NO_PAD.encode(SigningKey::from_bytes(&seed).sign(signed.as_bytes()).to_bytes());
            format!("{signed}.{signature}")
        };
        let ours = r#"{"typ":"at+jwt","alg":"EdDSA","kid":"a"}"#;
        assert!(t.verify(&signed(ours)).is_some());
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": t.keys[0].public });
        for (name, value) in [
            ("crit", json!(["exp"])),
            ("crit", json!(["b64"])),
            ("crit", json!(["unheard_of"])),
            ("crit", json!([])),
            ("crit", json!(null)),
            ("b64", json!(false)),
            ("b64", json!(true)),
            ("zip", json!("DEF")),
            ("zip", json!("none")),
            ("enc", json!("A256GCM")),
            ("enc", json!(null)),
            ("cty", json!("JWT")),
            ("jku", json!("https://evil.example/jwks.json")),
            ("jwk", jwk),
            ("x5u", json!("https://evil.example/cert.pem")),
            ("x5c", json!(["MIIB"])),
            ("x5t", json!("dGh1bWI")),
            ("x5t#S256", json!("dGh1bWI")),
            ("url", json!("https://evil.example/")),
            ("nonce", json!("n")),
            ("p2c", json!(100_000_000)),
            ("epk", json!({})),
            ("iss", json!("https://api.example.test")),
            ("CRIT", json!(["exp"])),
            ("", json!("")),
        ] {
            let mut header: serde_json::Value = serde_json::from_str(ours).unwrap();
            header[name] = value;
            assert!(t.verify(&signed(&header.to_string())).is_none(), "{header}");
        }
        for header in [
            r#"{"typ":"at+jwt","alg":"EdDSA","kid":"a","kid":"a"}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","alg":"EdDSA","kid":"a"}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","kid":"a"}{}"#,
            r#"[{"typ":"at+jwt","alg":"EdDSA","kid":"a"}]"#,
            r#"{"typ":"at+jwt","alg":["EdDSA"],"kid":"a"}"#,
            r#"{"typ":"AT+JWT","alg":"EdDSA","kid":"a"}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","kid":"b"}"#,
        ] {
            assert!(t.verify(&signed(header)).is_none(), "{header}");
        }
    }

    #[test]
    fn forged_tokens_are_refused() {
        let sys = Sys::real();
        let t = tokens(&sys, A);
        let token = t.issue(sys.id(), sys.id(), &[Method::Pwd], sys.now()).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts[..] else { panic!() };
        let b64 = |s: &str| BASE64_URL_SAFE_NO_PAD.encode(s);
        let claims: serde_json::Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        // Another algorithm, another type, no type, no key id, a key of the attacker's in the header.
        for forged in [
            r#"{"alg":"none","typ":"at+jwt","kid":"a"}"#,
            r#"{"alg":"HS256","typ":"at+jwt","kid":"a"}"#,
            r#"{"alg":"EdDSA","typ":"JWT","kid":"a"}"#,
            r#"{"alg":"EdDSA","kid":"a"}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt"}"#,
        ] {
            assert!(t.verify(&format!("{}.{payload}.{signature}", b64(forged))).is_none(), "{forged}");
            assert!(t.verify(&format!("{}.{payload}.", b64(forged))).is_none(), "{forged}");
        }
        // Each claim changed without a new signature, and each claim missing with a right one.
        let key = &t.keys[0];
        for name in claims.as_object().unwrap().keys() {
            let mut less = claims.clone();
            less.as_object_mut().unwrap().remove(name);
            let header = Header { typ: Some(TYPE.to_owned()), kid: Some("a".to_owned()), ..Header::new(Algorithm::EdDSA) };
            let signed = jsonwebtoken::encode(&header, &less, &key.signs).unwrap();
            assert!(t.verify(&signed).is_none(), "without {name}");
            let mut more = claims.clone();
            more[name] = "x".into();
            assert!(t.verify(&format!("{header}.{}.{signature}", b64(&more.to_string()), header = parts[0])).is_none(), "{name} changed");
        }
        assert!(t.verify(&format!("{header}.{payload}.{}", &signature[..signature.len() - 2])).is_none());
        assert!(t.verify("").is_none() && t.verify("a.b.c").is_none() && t.verify(&"a".repeat(5000)).is_none());
    }
}
