//! Probes of the services that the system depends on. A probe changes nothing, and needs only the permission for its own call.

use std::{error::Error, future::Future, sync::Arc, time::Duration};

use aws_sdk_eventbridge::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_ses::types::SendDataPoint;
use bytes::Bytes;
use files::Bucket;
use function::{Aws, Failure, OutsideClient};
use http::{Request, StatusCode, header::USER_AGENT};
use kernel::{Origins, Sys, env::Reader};
use proofs::captcha::Captcha;
use serde::de::IgnoredAny;
use store::Table;

/// The timeout of a probe.
const PATIENCE: Duration = Duration::from_secs(2);
/// A prefix that no object has.
const NO_FILES: &str = "health/";

/// The result of the probe of one service.
#[derive(Clone, Debug)]
pub(crate) struct ProbeResult {
    /// The name of the service.
    pub name: &'static str,
    /// Whether the service answers.
    pub well: bool,
}

/// The services to probe.
#[derive(Clone)]
pub(crate) struct Probes {
    table: Table,
    bucket: Bucket,
    bus: aws_sdk_eventbridge::Client,
    bus_name: Arc<str>,
    mails: aws_sdk_ses::Client,
    texts: aws_sdk_sns::Client,
    stripe: Arc<str>,
    captcha: Option<Captcha>,
    outside: OutsideClient,
}

impl Probes {
    /// Reads the addresses of the services. The key of Stripe's account is not needed.
    pub fn read(r: &mut Reader<'_>, aws: &Aws, sys: &Sys, outside: OutsideClient) -> Self {
        let mut bus =
            aws_sdk_eventbridge::config::Builder::from(aws.sdk()).interceptor(aws.interceptor()).retry_partition(aws.retries("events"));
        bus.set_endpoint_url(aws.endpoint("AWS_ENDPOINT_URL_EVENTBRIDGE"));
        let mut mails = aws_sdk_ses::config::Builder::from(aws.sdk()).interceptor(aws.interceptor()).retry_partition(aws.retries("ses"));
        mails.set_endpoint_url(aws.endpoint("AWS_ENDPOINT_URL_SES"));
        let mut texts = aws_sdk_sns::config::Builder::from(aws.sdk()).interceptor(aws.interceptor()).retry_partition(aws.retries("sns"));
        texts.set_endpoint_url(aws.endpoint("AWS_ENDPOINT_URL_SNS"));
        let origins = Origins::read(r).and(r.need("PUBLIC_URL"));
        Self {
            table: Table::read(r, aws, sys),
            bucket: Bucket::from_env(r, aws),
            bus: aws_sdk_eventbridge::Client::from_conf(bus.build()),
            bus_name: r.need("BUS_NAME").into(),
            mails: aws_sdk_ses::Client::from_conf(mails.build()),
            texts: aws_sdk_sns::Client::from_conf(texts.build()),
            stripe: r.address("STRIPE_URL").trim_end_matches('/').into(),
            captcha: Captcha::read(r, &origins),
            outside,
        }
    }

    /// Runs all probes concurrently.
    pub async fn run(&self) -> Vec<ProbeResult> {
        // Boxed, because the futures of the clients are large.
        let (captcha, data, events, files, mail, stripe, texts) = tokio::join!(
            Box::pin(self.captcha()),
            Box::pin(run_probe("data", self.data())),
            Box::pin(run_probe("events", self.bus())),
            Box::pin(run_probe("files", self.files())),
            Box::pin(run_probe("mail", self.mail())),
            Box::pin(run_probe("stripe", self.stripe())),
            Box::pin(run_probe("texts", self.texts())),
        );
        captcha.into_iter().chain([data, events, files, mail, stripe, texts]).collect()
    }

    async fn data(&self) -> Result<(), Failure> {
        self.table.answers().await?;
        Ok(())
    }

    async fn files(&self) -> Result<(), Failure> {
        self.bucket.list(NO_FILES, None).await?;
        Ok(())
    }

    async fn bus(&self) -> Result<(), Failure> {
        unless_throttled(self.bus.describe_event_bus().name(&*self.bus_name).send().await).map(drop)
    }

    /// Also fails if AWS has paused the account after too many bounces, because then no mail is sent.
    async fn mail(&self) -> Result<(), Failure> {
        let account = unless_throttled(self.mails.get_account_sending_enabled().send().await)?;
        if account.is_none_or(|account| account.enabled()) { Ok(()) } else { Err("the account may not send".into()) }
    }

    /// Returns the statistics of the mails of the last two weeks, by quarter of an hour.
    pub async fn mails_sent(&self) -> Result<Vec<SendDataPoint>, Failure> {
        let request = Box::pin(self.mails.get_send_statistics().send());
        let answer = tokio::time::timeout(PATIENCE, request).await.map_err(|_| "SES does not answer in time")?;
        let statistics = unless_throttled(answer)?.ok_or("SES throttles the request")?;
        Ok(statistics.send_data_points().to_vec())
    }

    async fn texts(&self) -> Result<(), Failure> {
        unless_throttled(self.texts.get_sms_attributes().send().await).map(drop)
    }

    /// Without a key Stripe refuses every request, in JSON. A proxy in between would answer differently.
    async fn stripe(&self) -> Result<(), Failure> {
        let request = Request::get(format!("{}/v1/balance", self.stripe)).header(USER_AGENT, "Stoa").body(Bytes::new())?;
        let answer = self.outside.send(request, PATIENCE).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Err(format!("it answers {}", answer.status()).into());
        }
        serde_json::from_slice::<IgnoredAny>(answer.body())?;
        Ok(())
    }

    /// `None` if there are no captchas.
    async fn captcha(&self) -> Option<ProbeResult> {
        let captcha = self.captcha.as_ref()?;
        Some(run_probe("captcha", captcha.answers()).await)
    }
}

/// Runs a probe. Logs the reason of a failure.
async fn run_probe(name: &'static str, probe: impl Future<Output = Result<(), Failure>>) -> ProbeResult {
    let result = tokio::time::timeout(PATIENCE, probe).await.unwrap_or_else(|_| Err("it does not answer in time".into()));
    if let Err(e) = &result {
        tracing::warn!(name, error = %e, "a service that the system depends on does not answer");
    }
    ProbeResult { name, well: result.is_ok() }
}

/// Returns the response of a service, or `None` if the service throttles the request: then it works. Each process of this function calls
/// SES, which allows one such call a second. Otherwise anybody could cause false alarms of monitors.
fn unless_throttled<T, E: Error + ProvideErrorMetadata>(answer: Result<T, E>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(e) if e.code().is_some_and(|code| code.starts_with("Throttl")) => Ok(None),
        Err(e) => Err(DisplayErrorContext(e).to_string().into()),
    }
}
