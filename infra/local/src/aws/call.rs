//! A signed AWS call: verifies the signature, checks the permission, applies scripted faults, counts, executes.

use std::{future::Future, io, sync::Arc};

use axum::{body::Body, response::Response};
use http::request::Parts;
use kernel::Sys;

use super::{
    calls::Capacity,
    faults::Fault,
    iam::{Denied, Need},
    service::{AwsError, Service},
    sigv4::{self, Scope, SignatureError},
};
use crate::{Core, template::REGION};

/// A call whose signature has been verified.
pub(super) struct Call {
    pub(super) core: Arc<Core>,
    pub(super) service: Service,
    /// The calling function.
    pub(super) function: String,
    pub(super) request_id: String,
    trace: Option<String>,
}

impl Call {
    /// Identifies the caller.
    ///
    /// # Errors
    /// [`SignatureError`] if the signature is not valid.
    pub(super) fn verify(core: &Arc<Core>, service: Service, parts: &Parts, body: &[u8]) -> Result<Self, SignatureError> {
        let function = who(core, parts, body)?;
        let trace = parts.headers.get(function::trace::HEADER).and_then(|t| t.to_str().ok()).map(str::to_owned);
        Ok(Self { core: Arc::clone(core), service, function, request_id: request_id(&core.sys), trace })
    }

    /// Returns the X-Ray trace header of the call.
    pub(super) fn trace(&self) -> Option<&str> {
        self.trace.as_deref()
    }

    /// Executes the operation if the caller has the permissions and no scripted fault applies. Counts the operation in any case.
    pub(super) async fn perform(&self, operation: &str, needs: &[Need], run: impl Future<Output = (Response, Capacity)>) -> Response {
        if let Err(denied) = needs.iter().try_for_each(|need| self.core.aws.permit(&self.function, need)) {
            return self.refuse(operation, &self.denied(&denied));
        }
        let fault = self.core.aws.faults.fault_for(&self.function, self.service, operation);
        if let Some(fault) = fault {
            if let Some(refusal) = fault.error_of(self.service) {
                let mut response = self.refuse(operation, &refusal);
                // Some services answer a fault in a form of their own.
                response.extensions_mut().insert(fault);
                return response;
            }
            if let Fault::Slow(delay) = fault {
                self.core.aws.faults.wait(delay).await;
            }
        }
        let (response, capacity) = run.await;
        self.count(operation, capacity);
        if fault == Some(Fault::LostAfter) { lost() } else { response }
    }

    /// Counts the operation and returns its error.
    pub(super) fn refuse(&self, operation: &str, refusal: &AwsError) -> Response {
        self.count(operation, Capacity::default());
        self.service.refuse(refusal, &self.request_id)
    }

    /// Returns the ARN of the caller's role or user.
    pub(super) fn principal(&self) -> &str {
        self.core.aws.callers.get(&self.function).map_or("", |caller| &caller.principal)
    }

    /// Returns the error for a call that the policy does not allow.
    pub(super) fn denied(&self, denied: &Denied) -> AwsError {
        self.service.denied(&self.core.aws.caller_arn(&self.function), denied)
    }

    fn count(&self, operation: &str, capacity: Capacity) {
        self.core.aws.calls.count(self.trace.as_deref(), &self.function, self.service, operation, capacity);
    }
}

/// Returns a request id for a reply.
pub(super) fn request_id(sys: &Sys) -> String {
    sigv4::hex(&sys.bytes::<16>())
}

/// Marks a reply that [`lost`] returns, for the client that has no connection to lose.
#[derive(Clone, Copy)]
pub(super) struct Lost;

/// Returns a reply whose body breaks off, so that the client cannot know whether the call was executed.
pub(crate) fn lost() -> Response {
    let broken = futures_util::stream::once(std::future::ready(Err::<&[u8], _>(io::Error::other("a scripted fault"))));
    let mut response = Response::new(Body::from_stream(broken));
    response.extensions_mut().insert(Lost);
    response
}

fn who(core: &Core, parts: &Parts, body: &[u8]) -> Result<String, SignatureError> {
    let scope = Scope::claimed(&parts.headers, &parts.uri).ok_or(SignatureError::Missing)?;
    let credential = core.credentials.by_access_key(&scope.key_id).ok_or(SignatureError::UnknownKey)?;
    if scope.region != REGION {
        return Err(SignatureError::Region);
    }
    // The SDKs sign with the real time. Only the clock of the functions can be moved.
    sigv4::verify(parts, body, &credential.secret_key, Sys::real().now())?;
    let token = parts.headers.get("x-amz-security-token").map(http::HeaderValue::as_bytes);
    if token != Some(credential.session_token.as_bytes()) {
        return Err(SignatureError::UnknownKey);
    }
    Ok(credential.function.clone())
}
