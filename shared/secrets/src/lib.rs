//! The secrets of a function, read from Secrets Manager: at start, or with the first request that needs them.
//!
//! They are not in environment variables, because everybody who may read a function's configuration could see them there, and because a
//! template can have at most 60 dynamic references
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>). A function's policy determines which secrets
//! it may read.

mod on_demand;

use accounts::{Keyring, token::Issuer};
use aws_sdk_secretsmanager::{Client, config::Builder};
use function::{Aws, StartError};
use futures_util::try_join;
use kernel::{Env, Secret};
pub use on_demand::KeysOnDemand;
use proofs::IdentityKeys;

/// A client of Secrets Manager.
pub struct Secrets(Client);

impl Secrets {
    /// Returns the Secrets Manager of this account and region.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        let mut config = Builder::from(aws.sdk()).interceptor(aws.interceptor()).retry_partition(aws.retries("secretsmanager"));
        config.set_endpoint_url(aws.endpoint("AWS_ENDPOINT_URL_SECRETS_MANAGER"));
        Self(Client::from_conf(config.build()))
    }

    /// Returns the root keys of passwords, codes and factors. One request.
    ///
    /// # Errors
    /// The errors of [`Secrets::read`], or if they are weak.
    pub async fn identity_keys(&self, env: &Env) -> Result<IdentityKeys, StartError> {
        Ok(IdentityKeys::parse(&self.read(env, IdentityKeys::VARIABLE).await?)?)
    }

    /// Returns the root keys and the keys that sign access tokens, for functions that issue them. Two concurrent requests.
    ///
    /// # Errors
    /// The errors of [`Secrets::identity_keys`].
    pub async fn issuers_keys(&self, env: &Env) -> Result<(IdentityKeys, Keyring), StartError> {
        let (identity, tokens) = try_join!(self.read(env, IdentityKeys::VARIABLE), self.read(env, Issuer::VARIABLE))?;
        Ok((IdentityKeys::parse(&identity)?, Keyring::parse(Issuer::VARIABLE, &tokens)?))
    }

    /// Returns the secret whose ARN is in a variable. One request.
    ///
    /// # Errors
    /// [`StartError`] with the name of the variable, and without the content of the secret.
    pub async fn read(&self, env: &Env, variable: &'static str) -> Result<Secret, StartError> {
        let arn = env.read(|r| r.need(variable))?;
        let found = self
            .0
            .get_secret_value()
            .secret_id(arn)
            .send()
            .await
            .map_err(|e| StartError::Broken(variable, Box::new(e.into_service_error())))?;
        let text = found.secret_string.ok_or_else(|| StartError::Broken(variable, "it holds no text".into()))?;
        Ok(Secret::new(text))
    }
}
