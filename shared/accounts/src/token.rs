//! Access tokens: JWTs (RFC 9068 profile) signed with Ed25519, verified in process by every function.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use function::{Aws, StartError};
use futures_util::join;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kernel::{
    Kind, Problem, Secret, Sys, Time,
    env::Reader,
    id::{SessionId, TokenId, UserId},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{About, Cond, Conditional as _, Item, Key, Personal, Sealer, StoreError, Table, field};
use utoipa::ToSchema;

use crate::{Keyring, eddsa, keyring, user::Factor};

/// How long an access token is valid.
pub const LIFE: Duration = Duration::from_secs(600);
/// The tolerated difference between clocks, for tokens that are not valid yet.
const LEEWAY: Duration = Duration::from_secs(30);
/// `typ` of an access token (RFC 9068 §2.1).
const TYPE: &str = "at+jwt";
/// `aud` of an access token.
const AUDIENCE: &str = "stoa";
/// The version of the claims.
const VERSION: u32 = 1;
/// Longer tokens are refused without parsing.
const MAX_BYTES: usize = 2048;

/// How a person proved who they are: a value of the claim `amr` (RFC 8176).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A password.
    Pwd,
    /// A code of an authenticator app.
    Otp,
    /// A code by text message.
    Sms,
    /// A passkey: a proof of possession of a key.
    Pop,
    /// Two factors.
    Mfa,
    /// A code or link by mail. RFC 8176 has no value for it.
    Email,
    /// A recovery code. RFC 8176 has no value for it.
    Recovery,
}

impl Method {
    /// Returns its name in tokens.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pwd => "pwd",
            Self::Otp => "otp",
            Self::Sms => "sms",
            Self::Pop => "pop",
            Self::Mfa => "mfa",
            Self::Email => "email",
            Self::Recovery => "recovery",
        }
    }
}

kernel::audited_words!(Method);

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

/// The claims of an access token. All are required.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// The issuer: the public address of the API.
    pub iss: String,
    /// The audience.
    pub aud: String,
    /// The person.
    pub sub: UserId,
    /// The session.
    pub sid: SessionId,
    /// The id of the token.
    pub jti: TokenId,
    /// Issued at, in seconds.
    pub iat: i64,
    /// Valid from, in seconds.
    pub nbf: i64,
    /// Valid until, in seconds.
    pub exp: i64,
    /// How the person proved who they are.
    pub amr: Vec<Method>,
    /// When the person proved who they are, in seconds.
    pub auth_time: i64,
    /// The version of the claims.
    pub ver: u32,
}

/// The header of an access token. Other members are refused, because an unknown one may change the meaning of the signature, as
/// `crit` and `b64` do (RFC 7515 §4.1.11, RFC 7797), or how the claims are read (`zip`, `enc`).
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

/// The maximum number of lookups of unknown key ids within [`LOOKUPS_WINDOW`]. A key may have been published since the last lookup, but
/// clients that invent ids must not cause unlimited reads.
const LOOKUPS: u32 = 5;
/// See [`LOOKUPS`].
const LOOKUPS_WINDOW: Duration = Duration::from_secs(10);
/// The maximum number of verified tokens that an instance caches, at about 300 bytes each. When it is exceeded, the cache is cleared.
const VERIFIED_MAX: usize = 1000;
/// Attempts of an issuer to publish its keys while others publish theirs.
const TRIES: usize = 8;

/// The public keys of access tokens by id, base64url. Issuers publish theirs here when they start, and all functions verify with them.
/// Verification needs no secret, so that a function that only verifies cannot make tokens.
///
/// The table's policy allows only the issuers to write it (`template.yaml`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PublishedKeys {
    keys: BTreeMap<String, String>,
}

impl PublishedKeys {
    fn place() -> Key {
        Key::new("TOKEN_KEYS", "TOKEN_KEYS")
    }
}

impl Item for PublishedKeys {
    const KIND: &'static str = "token_keys";
    const ABOUT: About = About::at("TOKEN_KEYS", "TOKEN_KEYS", Personal::Nobody("public keys"));
    fn key(&self) -> Key {
        Self::place()
    }
}

/// Verifies access tokens.
#[derive(Clone)]
pub struct Tokens {
    table: Table,
    issuer: Arc<str>,
    sys: Sys,
    known: Arc<Mutex<KeyCache>>,
}

/// The public keys that this instance has read: a cache of [`PublishedKeys`].
#[derive(Default)]
struct KeyCache {
    keys: BTreeMap<String, DecodingKey>,
    /// The claims of tokens whose signature one of these keys has verified, by the token's SHA-256. Verifying a signature takes more CPU
    /// time than the rest of a signed-in read, and a client sends the same token with each request.
    verified: HashMap<[u8; 32], Claims>,
    /// Lookups of unknown ids since `since`.
    lookups: u32,
    since: Time,
}

impl KeyCache {
    /// Returns whether an unknown id may be looked up now. Counts the lookup.
    fn may_look(&mut self, now: Time) -> bool {
        if now < self.since || now.since(self.since) >= LOOKUPS_WINDOW {
            (self.since, self.lookups) = (now, 0);
        }
        self.lookups = self.lookups.saturating_add(1);
        self.lookups <= LOOKUPS
    }
}

impl Tokens {
    /// Reads `PUBLIC_URL`, the issuer, and `TABLE_NAME`, the table with the keys.
    pub fn read(r: &mut Reader<'_>, aws: &Aws, sys: &Sys) -> Self {
        eddsa::install();
        Self { table: Table::read(r, aws, sys), issuer: r.address("PUBLIC_URL").into(), sys: sys.clone(), known: Arc::default() }
    }

    /// Returns the table with the keys, which is also the function's main table.
    #[must_use]
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// Reads the public keys, and so opens the connection to the table during initialisation, when Lambda gives a full processor. A failure
    /// is only logged, because the keys are read again with the first token. One request.
    pub async fn warm_up(&self) {
        if let Err(e) = self.load().await {
            tracing::warn!(error = %e, "the keys of access tokens could not be read during initialisation");
        }
    }

    /// Returns the sealer of a function ([`Sealer::of_function`]), and concurrently [`Tokens::warm_up`].
    ///
    /// # Errors
    /// [`StartError`] if the table does not work.
    pub async fn warm_up_with_sealer(&self, function: &str) -> Result<Sealer, StartError> {
        let (sealer, ()) = join!(Sealer::of_function(function, &self.table, &self.sys), self.warm_up());
        sealer
    }

    async fn load(&self) -> Result<Option<PublishedKeys>, StoreError> {
        let found = self.table.get::<PublishedKeys>(PublishedKeys::place()).await?;
        self.keep(found.as_ref());
        Ok(found)
    }

    fn keep(&self, published: Option<&PublishedKeys>) {
        let decoded = |(id, key): (&String, &String)| Some((id.clone(), DecodingKey::from_ed_components(key).ok()?));
        let mut known = self.known();
        known.keys = published.into_iter().flat_map(|p| &p.keys).filter_map(decoded).collect();
        known.verified.clear();
    }

    fn known(&self) -> MutexGuard<'_, KeyCache> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the key of an id. One request if this instance has not read it, because it may be newer.
    async fn key(&self, id: &str) -> Result<Option<DecodingKey>, StoreError> {
        {
            let mut known = self.known();
            if let Some(key) = known.keys.get(id) {
                return Ok(Some(key.clone()));
            }
            if !known.may_look(self.sys.now()) {
                return Ok(None);
            }
        }
        self.load().await?;
        Ok(self.known().keys.get(id).cloned())
    }

    /// Returns the claims of a token that is valid now. Does not check whether its session still exists. No request, except for a key that
    /// this instance has not read.
    ///
    /// # Errors
    /// [`Kind::TokenInvalid`], or a [`Problem`] if the key is unknown and cannot be read.
    pub async fn verify(&self, token: &str) -> Result<Claims, Problem> {
        if token.len() > MAX_BYTES {
            return Err(Kind::TokenInvalid.because("the token is too long"));
        }
        let digest = Sha256::digest(token).into();
        let verified = self.known().verified.get(&digest).cloned();
        let claims = match verified {
            Some(claims) => claims,
            None => self.verify_signature(token, digest).await?,
        };
        self.valid_now(&claims)?;
        Ok(claims)
    }

    /// Returns the claims of a token with a valid signature. The times are not checked. Caches the claims.
    async fn verify_signature(&self, token: &str, digest: [u8; 32]) -> Result<Claims, Problem> {
        let header = JoseHeader::of(token).ok_or_else(|| Kind::TokenInvalid.because("what was sent is no access token"))?;
        if header.typ != TYPE || header.alg != Algorithm::EdDSA {
            return Err(Kind::TokenInvalid.because("the token is of another type or algorithm"));
        }
        let key = self.key(&header.kid).await?.ok_or_else(|| Kind::TokenInvalid.because("the token is signed with an unknown key"))?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[&*self.issuer]);
        // The times are checked by the injected clock, in `valid_now`.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let decoded = jsonwebtoken::decode::<Claims>(token, &key, &validation);
        let claims = decoded.map_err(|_| Kind::TokenInvalid.because("the signature or a claim is wrong"))?.claims;
        let mut known = self.known();
        // Another task may have replaced the keys since the signature was verified.
        if known.keys.contains_key(&header.kid) {
            if known.verified.len() >= VERIFIED_MAX {
                known.verified.clear();
            }
            known.verified.insert(digest, claims.clone());
        }
        Ok(claims)
    }

    fn valid_now(&self, claims: &Claims) -> Result<(), Problem> {
        let now = self.sys.now();
        let from = Time::from_millis(claims.nbf.max(claims.iat).saturating_mul(1000)) - LEEWAY;
        let until = Time::from_millis(claims.exp.saturating_mul(1000)) + LEEWAY;
        if claims.ver != VERSION || now < from {
            return Err(Kind::TokenInvalid.because("the token is of another version, or not valid yet"));
        }
        if now < until { Ok(()) } else { Err(Kind::TokenInvalid.because("the token has expired")) }
    }

    /// Returns the issuer of the tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}

/// Issues access tokens.
#[derive(Clone)]
pub struct Issuer {
    tokens: Tokens,
    id: Arc<str>,
    signs: EncodingKey,
    /// The public keys, the current one first.
    public: Arc<[(String, String)]>,
}

impl Issuer {
    /// The variable with the ARN of the secret: a [`Keyring`], whose current key signs.
    pub const VARIABLE: &str = "TOKEN_KEYS";

    /// Publishes the public keys, so that other functions can verify the tokens. One request, and another one if there are new
    /// keys.
    ///
    /// # Errors
    /// [`StartError`] if the table does not work.
    pub async fn open(ring: &Keyring, tokens: &Tokens) -> Result<Self, StartError> {
        let issuer = Self::unpublished(ring, tokens);
        issuer.publish().await.map_err(|e| StartError::Broken(Self::VARIABLE, e.into()))?;
        Ok(issuer)
    }

    /// Returns an issuer whose keys are not published, so that nothing can verify its tokens.
    #[must_use]
    pub fn unpublished(ring: &Keyring, tokens: &Tokens) -> Self {
        let pair = |(id, secret): (&str, &Secret)| (id.to_owned(), seed(secret));
        let (id, current) = pair(ring.current());
        let public = |(id, seed): (String, [u8; 32])| (id, BASE64_URL_SAFE_NO_PAD.encode(SigningKey::from_bytes(&seed).verifying_key()));
        let public: Arc<[_]> = ring.iter().map(pair).map(public).collect();
        Self { tokens: tokens.clone(), id: id.into(), signs: EncodingKey::from_ed_der(&current), public }
    }

    async fn publish(&self) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let found = self.tokens.load().await?;
            let mut published = found.clone().unwrap_or(PublishedKeys { keys: BTreeMap::new() });
            published.keys.extend(self.public.iter().cloned());
            if found.as_ref() == Some(&published) {
                return Ok(());
            }
            let unchanged = found.map_or(Cond::Absent, |found| field("keys").eq(&found.keys));
            // A refusal means that another issuer has published keys at the same time.
            if self.tokens.table.put(&published, unchanged).await.applied()? {
                self.tokens.keep(Some(&published));
                return Ok(());
            }
        }
        Err(StoreError::Unavailable("too many issuers publish their keys at once".to_owned()))
    }

    /// Returns a token for a session.
    ///
    /// # Errors
    /// An internal [`Problem`] if it cannot be signed.
    pub fn issue(&self, user: UserId, session: SessionId, amr: &[Method], auth_time: Time) -> Result<String, Problem> {
        let sys = &self.tokens.sys;
        let now = sys.now();
        let claims = Claims {
            iss: self.tokens.issuer.to_string(),
            aud: AUDIENCE.to_owned(),
            sub: user,
            sid: session,
            jti: sys.id(),
            iat: now.seconds(),
            nbf: now.seconds(),
            exp: (now + LIFE).seconds(),
            amr: amr.to_vec(),
            auth_time: auth_time.seconds(),
            ver: VERSION,
        };
        let header = Header { typ: Some(TYPE.to_owned()), kid: Some(self.id.to_string()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims, &self.signs).map_err(Problem::internal)
    }

    /// Returns the public keys (RFC 7517, RFC 8037).
    #[must_use]
    pub fn key_set(&self) -> KeySet {
        let key = |(kid, x): &(String, String)| PublicKey {
            kty: "OKP",
            crv: "Ed25519",
            alg: "EdDSA",
            usage: "sig",
            kid: kid.clone(),
            x: x.clone(),
        };
        KeySet { keys: self.public.iter().map(key).collect() }
    }
}

fn seed(secret: &Secret) -> [u8; 32] {
    keyring::expand(secret, "stoa token key v1")
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
    /// The id of the key.
    pub kid: String,
    /// The key, base64url.
    pub x: String,
}

#[cfg(test)]
mod tests {
    use kernel::{Env, crypto::hkdf_sha256};

    use super::*;

    const A: &str = "p8Jw2nQ7sT4vX9zB1dF6gH3kL5mN0rYc";
    const B: &str = "Zc4nV8mQ1wE6rT3yU7iO9pA2sD5fG0hJ";

    /// Returns an issuer and a verifier without a table: no lookup of unknown keys is left.
    fn issuer(sys: &Sys, keys: &[(&str, &str)]) -> Issuer {
        let vars = [
            ("PUBLIC_URL", "https://api.example.test"),
            ("TABLE_NAME", "state"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "none"),
            ("AWS_SECRET_ACCESS_KEY", "none"),
        ];
        let env: Env = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let boot = function::Boot { env, sys: sys.clone(), http: function::http_client().unwrap() };
        let aws = boot.aws().unwrap();
        let issuer = Issuer::unpublished(&Keyring::of(keys), &boot.env.read(|r| Tokens::read(r, &aws, sys)).unwrap());
        issuer.tokens.keep(Some(&PublishedKeys { keys: issuer.public.iter().cloned().collect() }));
        {
            let mut known = issuer.tokens.known();
            (known.since, known.lookups) = (sys.now(), LOOKUPS);
        }
        issuer
    }

    async fn good(issuer: &Issuer, token: &str) -> bool {
        issuer.tokens.verify(token).await.is_ok()
    }

    #[test]
    fn unknown_key_ids_are_looked_up_five_times_in_ten_seconds() {
        let (mut known, start) = (KeyCache::default(), Time::from_millis(1_893_499_200_000));
        let mut looks = |after: u64| (0..9).filter(|_| known.may_look(start + Duration::from_millis(after))).count();
        assert_eq!([0, 9_999, 10_000, 19_999, 20_000].map(&mut looks), [5, 0, 5, 0, 5]);
        assert_eq!(looks(1_000), 5, "nor does a clock that was set back keep keys away");
    }

    #[tokio::test]
    async fn tokens_are_valid_for_ten_minutes_and_across_a_rotation() {
        let sys = Sys::real();
        let ours = issuer(&sys, &[("a", A)]);
        let token = ours.issue(sys.id(), sys.id(), &[Method::Pwd], sys.now()).unwrap();
        assert!(good(&issuer(&sys, &[("b", B), ("a", A)]), &token).await);
        assert!(!good(&issuer(&sys, &[("b", B)]), &token).await);
        sys.set_offset_millis(615_000);
        assert!(good(&ours, &token).await);
        sys.set_offset_millis(645_000);
        assert!(!good(&ours, &token).await);
        sys.set_offset_millis(-45_000);
        assert!(!good(&ours, &token).await);
    }

    #[tokio::test]
    async fn a_verified_token_is_forgotten_with_its_key() {
        let sys = Sys::real();
        let t = issuer(&sys, &[("a", A)]);
        let token = t.issue(sys.id(), sys.id(), &[Method::Pwd], sys.now()).unwrap();
        assert!(good(&t, &token).await && good(&t, &token).await);
        t.tokens.keep(Some(&PublishedKeys { keys: BTreeMap::new() }));
        assert!(!good(&t, &token).await);
    }

    #[tokio::test]
    async fn a_bounded_number_of_tokens_is_remembered() {
        let sys = Sys::real();
        let t = issuer(&sys, &[("a", A)]);
        let token = t.issue(sys.id(), sys.id(), &[Method::Pwd], sys.now()).unwrap();
        assert!(good(&t, &token).await);
        let claims = t.tokens.known().verified.values().next().unwrap().clone();
        let others = (1..VERIFIED_MAX).map(|n| (Sha256::digest(n.to_string()).into(), claims.clone()));
        t.tokens.known().verified.extend(others);
        assert_eq!(t.tokens.known().verified.len(), VERIFIED_MAX);
        let another = t.issue(sys.id(), sys.id(), &[Method::Pwd], sys.now()).unwrap();
        assert!(good(&t, &another).await && good(&t, &token).await);
        assert_eq!(t.tokens.known().verified.len(), 2);
        assert!(!good(&t, "a.b.c").await);
        assert_eq!(t.tokens.known().verified.len(), 2, "what is refused is not remembered");
    }

    #[tokio::test]
    async fn a_signed_token_with_wrong_claims_is_refused() {
        use serde_json::json;
        let sys = Sys::real();
        let t = issuer(&sys, &[("a", A)]);
        let token = t.issue(sys.id(), sys.id(), &[Method::Pwd], sys.now()).unwrap();
        let payload = token.split('.').nth(1).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        let signed = |claims: &serde_json::Value| {
            let header = Header { typ: Some(TYPE.to_owned()), kid: Some("a".to_owned()), ..Header::new(Algorithm::EdDSA) };
            jsonwebtoken::encode(&header, claims, &t.signs).unwrap()
        };
        assert!(good(&t, &signed(&claims)).await);
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
            assert!(!good(&t, &signed(&other)).await, "{name} {value}");
        }
    }

    /// RFC 7515 §4.1.11: a valid signature does not help a header with an additional member.
    #[tokio::test]
    async fn a_signed_header_with_any_other_member_is_refused() {
        use ed25519_dalek::Signer as _;
        use serde_json::json;
        let sys = Sys::real();
        let t = issuer(&sys, &[("a", A)]);
        let token = t.issue(sys.id(), sys.id(), &[Method::Pwd], sys.now()).unwrap();
        let payload = token.split('.').nth(1).unwrap();
        let seed = hkdf_sha256(&[], A.as_bytes(), b"stoa token key v1");
        let signed = |header: &str| {
            let signed = format!("{}.{payload}", BASE64_URL_SAFE_NO_PAD.encode(header));
            let signature = BASE64_URL_SAFE_NO_PAD.encode(SigningKey::from_bytes(&seed).sign(signed.as_bytes()).to_bytes());
            format!("{signed}.{signature}")
        };
        let ours = r#"{"typ":"at+jwt","alg":"EdDSA","kid":"a"}"#;
        assert!(good(&t, &signed(ours)).await);
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": t.public[0].1 });
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
            assert!(!good(&t, &signed(&header.to_string())).await, "{header}");
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
            assert!(!good(&t, &signed(header)).await, "{header}");
        }
    }

    #[tokio::test]
    async fn forged_tokens_are_refused() {
        let sys = Sys::real();
        let t = issuer(&sys, &[("a", A)]);
        let token = t.issue(sys.id(), sys.id(), &[Method::Pwd], sys.now()).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts[..] else { panic!() };
        let b64 = |s: &str| BASE64_URL_SAFE_NO_PAD.encode(s);
        let claims: serde_json::Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        // Another algorithm, another type, no type, no key id, a key of the attacker in the header.
        for forged in [
            r#"{"alg":"none","typ":"at+jwt","kid":"a"}"#,
            r#"{"alg":"HS256","typ":"at+jwt","kid":"a"}"#,
            r#"{"alg":"EdDSA","typ":"JWT","kid":"a"}"#,
            r#"{"alg":"EdDSA","kid":"a"}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt"}"#,
        ] {
            assert!(!good(&t, &format!("{}.{payload}.{signature}", b64(forged))).await, "{forged}");
            assert!(!good(&t, &format!("{}.{payload}.", b64(forged))).await, "{forged}");
        }
        // Each claim changed without a new signature, and each claim missing with a valid one.
        for name in claims.as_object().unwrap().keys() {
            let mut less = claims.clone();
            less.as_object_mut().unwrap().remove(name);
            let header = Header { typ: Some(TYPE.to_owned()), kid: Some("a".to_owned()), ..Header::new(Algorithm::EdDSA) };
            let signed = jsonwebtoken::encode(&header, &less, &t.signs).unwrap();
            assert!(!good(&t, &signed).await, "without {name}");
            let mut more = claims.clone();
            more[name] = "x".into();
            assert!(!good(&t, &format!("{header}.{}.{signature}", b64(&more.to_string()), header = parts[0])).await, "{name} changed");
        }
        assert!(!good(&t, &format!("{header}.{payload}.{}", &signature[..signature.len() - 2])).await);
        for text in ["", "a.b.c", &"a".repeat(5000)] {
            assert!(!good(&t, text).await, "{text}");
        }
    }
}
