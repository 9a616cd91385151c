//! How AWS clients are built: credentials from the environment alone, rustls on ring, Amazon's own roots.
//!
//! The default credential chain, the system's root store and aws-lc each cost more at start than a whole request takes.

use std::time::Duration;

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime_api::client::{behavior_version::BehaviorVersion, http::SharedHttpClient, interceptors::SharedInterceptor};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::{SdkConfig, region::Region};
use kernel::{ConfigError, Env};

use crate::{Boot, Failure, trace::PassOn};

/// Amazon Root CA 1 to 4 and Starfield Services Root CA G2: every AWS endpoint chains to one of them
/// (<https://www.amazontrust.com/repository/>).
const AMAZON_ROOTS: &[u8] = include_bytes!("../roots/amazon.pem");

/// A pool of connections to AWS.
///
/// # Errors
/// If the embedded root certificates do not parse.
pub fn http_client() -> Result<SharedHttpClient, Failure> {
    let roots = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    let tls = TlsContext::builder().with_trust_store(roots).build()?;
    Ok(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls).build_https())
}

/// What clients are built from. Only endpoints differ between hosts, by the SDK's own variables
/// (`AWS_ENDPOINT_URL_<SERVICE>`, <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>).
#[derive(Clone)]
pub struct Aws {
    env: Env,
    sdk: SdkConfig,
}

impl Aws {
    pub(crate) fn new(boot: &Boot) -> Result<Self, ConfigError> {
        let (region, key, secret, token) = boot.env.read(|r| {
            (r.need("AWS_REGION"), r.need("AWS_ACCESS_KEY_ID"), r.need("AWS_SECRET_ACCESS_KEY"), r.or("AWS_SESSION_TOKEN", String::new()))
        })?;
        let token = Some(token).filter(|t| !t.is_empty());
        let credentials = Credentials::new(key, secret, token, None, "environment");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(boot.http.clone())
            .sleep_impl(TokioSleep::new())
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(3)
                    .with_initial_backoff(Duration::from_millis(25))
                    .with_max_backoff(Duration::from_secs(1)),
            )
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_millis(300))
                    .operation_attempt_timeout(Duration::from_millis(2_500))
                    .operation_timeout(Duration::from_secs(8))
                    .build(),
            )
            .build();
        Ok(Self { env: boot.env.clone(), sdk })
    }

    /// The settings that all services share.
    #[must_use]
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// The endpoint a variable sets, such as `AWS_ENDPOINT_URL_DYNAMODB`; none means AWS itself.
    #[must_use]
    pub fn endpoint(&self, variable: &'static str) -> Option<String> {
        self.env.get(variable).map(str::to_owned)
    }

    /// The retries that a client of this service may make while the service fails: an allowance of its own for each function, as a
    /// function in a process of its own has it. Functions that share a process would otherwise share it.
    #[must_use]
    pub fn retries(&self, service: &'static str) -> RetryPartition {
        RetryPartition::custom(service).build()
    }

    /// What every client adds to its requests.
    #[must_use]
    pub fn interceptor(&self) -> SharedInterceptor {
        SharedInterceptor::new(PassOn)
    }
}
