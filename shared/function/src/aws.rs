//! AWS clients: credentials from the environment only, rustls on ring, Amazon's root certificates only.
//!
//! The alternatives are the default credential chain, the system's root store and aws-lc. Each would take more time at start than a whole
//! request.

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
use aws_types::{SdkConfig, region::Region, sdk_config::StalledStreamProtectionConfig};
use kernel::{ConfigError, Env};

use crate::{Boot, Failure, trace::PassOn};

/// Amazon Root CA 1 to 4 and Starfield Services Root CA G2: every AWS endpoint has a certificate chain to one of them
/// (<https://www.amazontrust.com/repository/>).
const AMAZON_ROOTS: &[u8] = include_bytes!("../roots/amazon.pem");

/// Creates an HTTP client for AWS, with its connection pool.
///
/// # Errors
/// If the embedded root certificates are invalid.
pub fn http_client() -> Result<SharedHttpClient, Failure> {
    let roots = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    let tls = TlsContext::builder().with_trust_store(roots).build()?;
    Ok(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls).build_https())
}

/// The settings of AWS clients. The hosts (AWS, the local cloud) differ only in the endpoints, which the SDK's own variables set
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
            // The timeout of an attempt includes the whole reply, so only clients that stream bodies need this.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
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

    /// Returns the settings for all services.
    #[must_use]
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// Returns the endpoint in a variable, such as `AWS_ENDPOINT_URL_DYNAMODB`. `None` means AWS itself.
    #[must_use]
    pub fn endpoint(&self, variable: &'static str) -> Option<String> {
        self.env.get(variable).map(str::to_owned)
    }

    /// Returns the retry budget of a client of this service. Each function has its own, as in a separate process. Otherwise functions that
    /// share the process of the local cloud would share it.
    #[must_use]
    pub fn retries(&self, service: &'static str) -> RetryPartition {
        RetryPartition::custom(service).build()
    }

    /// Returns the interceptor of all clients.
    #[must_use]
    pub fn interceptor(&self) -> SharedInterceptor {
        SharedInterceptor::new(PassOn)
    }
}
