//! The JSON of WebAuthn for the API document: what `PublicKeyCredential.parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON`
//! take, and what `toJSON()` of their results returns (WebAuthn Level 3, §5.1.8 to §5.1.10 and §5.2).
//!
//! These types are only schemas; `webauthn-rs` writes and reads the values. Members that it does not use are not described.

use utoipa::ToSchema;

/// `PublicKeyCredentialCreationOptionsJSON`, for `PublicKeyCredential.parseCreationOptionsFromJSON`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PasskeyCreation {
    /// The site of the passkey.
    pub rp: PasskeySite,
    /// The owner of the passkey.
    pub user: PasskeyOwner,
    /// Base64url.
    #[schema(examples("wUK2s8m3Ck1wQ3b1wEo8dQk0b1Vf3bE2zY9q2m4x8vA"))]
    pub challenge: String,
    /// The accepted algorithms, the preferred one first.
    pub pub_key_cred_params: Vec<PasskeyAlgorithm>,
    /// Milliseconds.
    #[schema(nullable = false, examples(300_000))]
    pub timeout: Option<u32>,
    /// Existing passkeys, whose authenticators must not make another one.
    #[schema(nullable = false)]
    pub exclude_credentials: Option<Vec<PasskeyDescriptor>>,
    /// What the authenticator must be able to do.
    #[schema(nullable = false)]
    pub authenticator_selection: Option<PasskeySelection>,
    /// The requested attestation of the authenticator.
    #[schema(nullable = false, examples("none"))]
    pub attestation: Option<String>,
    /// Which kinds of authenticators browsers should offer first.
    #[schema(nullable = false)]
    pub hints: Option<Vec<String>>,
    /// Extensions. Browsers ignore those that they do not know.
    #[schema(nullable = false)]
    pub extensions: Option<PasskeyExtensions>,
}

/// The site that passkeys belong to.
#[derive(Debug, ToSchema)]
pub struct PasskeySite {
    /// The domain.
    #[schema(examples("stoa.example"))]
    pub id: String,
    /// The displayed name.
    #[schema(examples("Stoa"))]
    pub name: String,
}

/// The owner of a passkey.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PasskeyOwner {
    /// Base64url.
    #[schema(examples("AZ_Y2d7oYe_kaH_Mq_HJeQ"))]
    pub id: String,
    /// The username.
    #[schema(examples("anna"))]
    pub name: String,
    /// The displayed name.
    #[schema(examples("Anna"))]
    pub display_name: String,
}

/// An algorithm of passkeys.
#[derive(Debug, ToSchema)]
pub struct PasskeyAlgorithm {
    /// Always `public-key`.
    #[schema(rename = "type")]
    pub kind: PasskeyKind,
    /// The number of the algorithm in the COSE registry.
    #[schema(examples(-7))]
    pub alg: i32,
}

/// The kind of credential.
#[derive(Debug, ToSchema)]
pub enum PasskeyKind {
    /// A passkey.
    #[schema(rename = "public-key")]
    PublicKey,
}

/// A passkey that exists.
#[derive(Debug, ToSchema)]
pub struct PasskeyDescriptor {
    /// Always `public-key`.
    #[schema(rename = "type")]
    pub kind: PasskeyKind,
    /// Base64url.
    #[schema(examples("u5-g7bV4vYl8Vv4lZ0h0Jw"))]
    pub id: String,
    /// How to reach its authenticator.
    #[schema(nullable = false)]
    pub transports: Option<Vec<String>>,
}

/// What an authenticator must be able to do.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PasskeySelection {
    /// Whether it has to be part of the device.
    #[schema(nullable = false)]
    pub authenticator_attachment: Option<PasskeyAttachment>,
    /// Whether it has to store the passkey.
    #[schema(nullable = false)]
    pub resident_key: Option<PasskeyDemand>,
    /// The same for older browsers.
    #[schema(nullable = false)]
    pub require_resident_key: Option<bool>,
    /// Whether it has to verify its user.
    #[schema(nullable = false)]
    pub user_verification: Option<PasskeyDemand>,
}

/// Where an authenticator is.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "kebab-case")]
pub enum PasskeyAttachment {
    /// In the device.
    Platform,
    /// Outside the device, such as a security key.
    CrossPlatform,
}

/// How strongly something is required.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum PasskeyDemand {
    /// Required.
    Required,
    /// Preferred.
    Preferred,
    /// Discouraged.
    Discouraged,
}

/// Extensions of a request. Browsers ignore those that they do not know.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PasskeyExtensions {
    /// Whether the answer states what kind of passkey was made.
    #[schema(nullable = false)]
    pub cred_props: Option<bool>,
    /// The application id of former U2F keys.
    #[schema(nullable = false)]
    pub appid: Option<String>,
    /// Whether the answer states how the user was verified.
    #[schema(nullable = false)]
    pub uvm: Option<bool>,
    /// The requested protection of the passkey in its authenticator.
    #[schema(nullable = false)]
    pub credential_protection_policy: Option<String>,
    /// Whether the authenticator must support this protection.
    #[schema(nullable = false)]
    pub enforce_credential_protection_policy: Option<bool>,
}

/// `PublicKeyCredentialRequestOptionsJSON`, for `PublicKeyCredential.parseRequestOptionsFromJSON`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PasskeyRequest {
    /// Base64url.
    #[schema(examples("wUK2s8m3Ck1wQ3b1wEo8dQk0b1Vf3bE2zY9q2m4x8vA"))]
    pub challenge: String,
    /// Milliseconds.
    #[schema(nullable = false, examples(300_000))]
    pub timeout: Option<u32>,
    /// The domain of the site.
    #[schema(nullable = false, examples("stoa.example"))]
    pub rp_id: Option<String>,
    /// The passkeys that are accepted. Empty or absent: any of this site.
    #[schema(nullable = false)]
    pub allow_credentials: Option<Vec<PasskeyDescriptor>>,
    /// Whether the authenticator has to verify its user.
    #[schema(nullable = false)]
    pub user_verification: Option<PasskeyDemand>,
    /// Which kinds of authenticators browsers should offer first.
    #[schema(nullable = false)]
    pub hints: Option<Vec<String>>,
    /// Extensions. Browsers ignore those that they do not know.
    #[schema(nullable = false)]
    pub extensions: Option<PasskeyExtensions>,
}

/// `RegistrationResponseJSON`: `toJSON()` of what `navigator.credentials.create` returned.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct CreatedPasskey {
    /// Base64url.
    #[schema(max_length = 1400, examples("u5-g7bV4vYl8Vv4lZ0h0Jw"))]
    pub id: String,
    /// The same as `id`.
    #[schema(max_length = 1400, examples("u5-g7bV4vYl8Vv4lZ0h0Jw"))]
    pub raw_id: String,
    /// Always `public-key`.
    #[schema(rename = "type", max_length = 20, examples("public-key"))]
    pub kind: String,
    /// The answer of the authenticator.
    pub response: CreatedPasskeyResponse,
    /// Where the authenticator is.
    #[schema(nullable = false, max_length = 20, examples("platform"))]
    pub authenticator_attachment: Option<String>,
    /// The answers to extensions.
    #[schema(nullable = false)]
    pub client_extension_results: Option<PasskeyExtensionResults>,
}

/// The answer of an authenticator that made a passkey. Browsers add members that are not read.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct CreatedPasskeyResponse {
    /// Base64url.
    #[schema(rename = "clientDataJSON", max_length = 65_536, examples("eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIn0"))]
    pub client_data_json: String,
    /// Base64url.
    #[schema(max_length = 65_536, examples("o2NmbXRkbm9uZQ"))]
    pub attestation_object: String,
    /// How to reach the authenticator.
    #[schema(nullable = false, max_length = 20, examples("internal"))]
    pub transports: Option<Vec<String>>,
}

/// `AuthenticationResponseJSON`: `toJSON()` of what `navigator.credentials.get` returned.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct UsedPasskey {
    /// Base64url.
    #[schema(max_length = 1400, examples("u5-g7bV4vYl8Vv4lZ0h0Jw"))]
    pub id: String,
    /// The same as `id`.
    #[schema(max_length = 1400, examples("u5-g7bV4vYl8Vv4lZ0h0Jw"))]
    pub raw_id: String,
    /// Always `public-key`.
    #[schema(rename = "type", max_length = 20, examples("public-key"))]
    pub kind: String,
    /// The answer of the authenticator.
    pub response: UsedPasskeyResponse,
    /// Where the authenticator is.
    #[schema(nullable = false, max_length = 20, examples("platform"))]
    pub authenticator_attachment: Option<String>,
    /// The answers to extensions.
    #[schema(nullable = false)]
    pub client_extension_results: Option<PasskeyExtensionResults>,
}

/// The answer of an authenticator that was asked for a passkey.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct UsedPasskeyResponse {
    /// Base64url.
    #[schema(rename = "clientDataJSON", max_length = 65_536, examples("eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0"))]
    pub client_data_json: String,
    /// Base64url.
    #[schema(max_length = 65_536, examples("SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAQ"))]
    pub authenticator_data: String,
    /// Base64url.
    #[schema(max_length = 65_536, examples("MEUCIQDKg7bV4vYl8Vv4lZ0h0Jw"))]
    pub signature: String,
    /// Base64url: the owner.
    #[schema(nullable = false, max_length = 100, examples("AZ_Y2d7oYe_kaH_Mq_HJeQ"))]
    pub user_handle: Option<String>,
}

/// The answers of a browser to extensions.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PasskeyExtensionResults {
    /// What kind of passkey was made.
    #[schema(nullable = false)]
    pub cred_props: Option<PasskeyProperties>,
    /// Whether the id of a former U2F key was used.
    #[schema(nullable = false)]
    pub appid: Option<bool>,
}

/// What kind of passkey was made.
#[derive(Debug, ToSchema)]
pub struct PasskeyProperties {
    /// Whether the authenticator stores it.
    #[schema(nullable = false)]
    pub rk: Option<bool>,
}
