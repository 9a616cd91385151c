//! Ed25519 for `jsonwebtoken`, the only algorithm of access tokens.
//!
//! The providers that come with `jsonwebtoken` contain all algorithms. RSA and the NIST curves, which nothing uses, would add half a
//! megabyte to each function. A token with another algorithm is an error here.

use ed25519_dalek::{
    Signature, SigningKey, VerifyingKey,
    ed25519::signature::{Error, Signer, Verifier},
};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{ErrorKind, Result},
};

/// Installs the provider for this process. Later calls have no effect.
pub(crate) fn install() {
    // JWKs are not supported, because nothing uses them.
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: |algorithm, key| signer(*algorithm, key),
        verifier_factory: |algorithm, key| verifier(*algorithm, key),
        key_utils: KeyUtils::new_unimplemented(),
    };
    PROVIDER.install_default().ok();
}

struct Ed25519Signer(SigningKey);
struct Ed25519Verifier(VerifyingKey);

/// `key` is the seed alone, without PKCS #8.
fn signer(algorithm: Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    let seed = ours(algorithm, key.family(), key.as_bytes())?;
    Ok(Box::new(Ed25519Signer(SigningKey::from_bytes(&seed))))
}

fn verifier(algorithm: Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    let public = ours(algorithm, key.family(), key.try_get_as_bytes()?)?;
    Ok(Box::new(Ed25519Verifier(VerifyingKey::from_bytes(&public).map_err(|_| ErrorKind::InvalidEddsaKey)?)))
}

fn ours(algorithm: Algorithm, family: AlgorithmFamily, key: &[u8]) -> Result<[u8; 32]> {
    match (algorithm, family) {
        (Algorithm::EdDSA, AlgorithmFamily::Ed) => Ok(key.try_into().map_err(|_| ErrorKind::InvalidEddsaKey)?),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

impl Signer<Vec<u8>> for Ed25519Signer {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        let signature: Signature = self.0.try_sign(message)?;
        Ok(signature.to_bytes().into())
    }
}

impl JwtSigner for Ed25519Signer {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

impl Verifier<Vec<u8>> for Ed25519Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        // Strict verification refuses weak keys and signatures with several encodings (RFC 8032 §5.1.7).
        self.0.verify_strict(message, &Signature::from_slice(signature)?)
    }
}

impl JwtVerifier for Ed25519Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}
