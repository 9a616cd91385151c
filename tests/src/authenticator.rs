//! An authenticator with one passkey, as a browser uses it. Tests can change its answers before they are signed, as an attacker would.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const ATTESTED_DATA: u8 = 0x40;

/// A passkey with the state of its authenticator.
#[derive(Clone)]
pub struct Authenticator {
    key: SigningKey,
    id: Vec<u8>,
    user: Vec<u8>,
    domain: String,
    /// How often the passkey was used.
    pub counter: u32,
}

/// An answer before it is signed.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// The client data: the challenge and the origin as the browser states them.
    pub client: Value,
    /// The domain that the passkey is for.
    pub domain: String,
    /// The flags: user present, user verified.
    pub flags: u8,
    /// How often the passkey was used.
    pub counter: u32,
    /// The id of the passkey.
    pub id: Vec<u8>,
    /// The handle of its user.
    pub user: Option<Vec<u8>>,
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn bytes(value: &Value) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(value.as_str().unwrap_or_default()).unwrap_or_default()
}

impl Authenticator {
    /// Answers `navigator.credentials.create` on a page of `origin`.
    #[must_use]
    pub fn create(options: &Value, origin: &str) -> (Self, Value) {
        let seed: [u8; 32] = Sha256::digest(options.to_string()).into();
        let key = SigningKey::from_slice(&seed).expect("a key");
        let domain = options["rp"]["id"].as_str().expect("a domain").to_owned();
        let one = Self { key, id: seed[..20].to_vec(), user: bytes(&options["user"]["id"]), domain, counter: 0 };
        let client = json!({ "type": "webauthn.create", "challenge": options["challenge"], "origin": origin, "crossOrigin": false });
        let point = one.key.verifying_key().to_sec1_point(false);
        let mut data = data_of(&one.domain, PRESENT | VERIFIED | ATTESTED_DATA, 0);
        data.extend([0; 16]);
        data.extend(u16::try_from(one.id.len()).expect("a short id").to_be_bytes());
        data.extend(&one.id);
        // RFC 9052 and 9053: an EC2 key, ES256, P-256.
        data.extend([0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(point.x().expect("a point"));
        data.extend([0x22, 0x58, 0x20]);
        data.extend(point.y().expect("a point"));
        let mut object = vec![0xA3, 0x63];
        object.extend(b"fmt\x64none\x67attStmt\xA0\x68authData\x58");
        object.push(u8::try_from(data.len()).expect("short data"));
        object.extend(data);
        let response = json!({ "attestationObject": b64(object), "clientDataJSON": b64(client.to_string()), "transports": ["internal"] });
        let answer = json!({ "id": b64(&one.id), "rawId": b64(&one.id), "type": "public-key", "response": response, "extensions": {} });
        (one, answer)
    }

    /// Answers `navigator.credentials.get` on a page of `origin`.
    pub fn get(&mut self, options: &Value, origin: &str) -> Value {
        self.counter += 1;
        let assertion = self.assertion(options, origin);
        self.sign(&assertion)
    }

    /// Returns the answer before it is signed, so that tests can change it.
    #[must_use]
    pub fn assertion(&self, options: &Value, origin: &str) -> Assertion {
        Assertion {
            client: json!({ "type": "webauthn.get", "challenge": options["challenge"], "origin": origin, "crossOrigin": false }),
            domain: self.domain.clone(),
            flags: PRESENT | VERIFIED,
            counter: self.counter,
            id: self.id.clone(),
            user: Some(self.user.clone()),
        }
    }

    /// Signs an answer.
    #[must_use]
    pub fn sign(&self, assertion: &Assertion) -> Value {
        let data = data_of(&assertion.domain, assertion.flags, assertion.counter);
        let client = assertion.client.to_string();
        let signed: Vec<u8> = data.iter().copied().chain(Sha256::digest(&client)).collect();
        let signature: Signature = self.key.sign(&signed);
        json!({
            "id": b64(&assertion.id), "rawId": b64(&assertion.id), "type": "public-key", "extensions": {},
            "response": {
                "authenticatorData": b64(data), "clientDataJSON": b64(client), "signature": b64(signature.to_der().as_bytes()),
                "userHandle": assertion.user.as_ref().map(b64),
            },
        })
    }
}

fn data_of(domain: &str, flags: u8, counter: u32) -> Vec<u8> {
    let mut data = Sha256::digest(domain).to_vec();
    data.push(flags);
    data.extend(counter.to_be_bytes());
    data
}
