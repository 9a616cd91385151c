//! The flow: the stored data of an unfinished registration, and its next step.

use std::time::Duration;

use accounts::{
    identifier::{BirthDate, Contact, Email, PersonName, Username},
    invite::InviteCode,
    terms::AgreedTerms,
    user::{User, owned},
};
use axum::extract::State;
use kernel::{
    Kind, Locale, Problem, Sys, Time, Timestamp,
    id::{ChallengeId, UserId},
};
use proofs::{
    FlowToken,
    challenge::{Challenge, Purpose, Sent},
};
use serde::{Deserialize, Serialize};
use store::{About, Batch, Cond, Index, Item, Key, Personal, Table, Update, WriteError, field};
use utoipa::ToSchema;
use web::{Json, Path, Problems};

/// How long a flow is valid after it began. A link that is sent again restarts this time.
pub const LIFE: Duration = Duration::from_secs(24 * 3600);

/// How the address is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationMethod {
    /// In six steps, with a mailed code.
    Steps,
    /// In one request, with a mailed link.
    Link,
}

/// An unfinished registration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flow {
    /// [`FlowToken::id`]
    pub id: ChallengeId,
    /// How the address is proven.
    pub way: RegistrationMethod,
    /// The id that the account will have: the password is hashed for it before the account exists.
    pub user: UserId,
    /// The address.
    pub email: Email,
    /// Whether the code that was sent to `email` has been verified.
    pub proven: bool,
    pub locale: Locale,
    pub first_name: Option<PersonName>,
    pub last_name: Option<PersonName>,
    pub birth_date: Option<BirthDate>,
    pub username: Option<Username>,
    /// The invitation code, as it was when it was entered.
    #[serde(default)]
    pub invite_code: Option<InviteCode>,
    /// The terms of service that the person has agreed to. In six steps they come with the last step and are not stored here before.
    #[serde(default)]
    pub terms: Option<AgreedTerms>,
    /// The hash as a PHC string, and the id of its pepper.
    pub password: Option<Password>,
    pub expires_at: Time,
    /// The account that has this address already, if there is one: the flow cannot succeed then, and is deleted with that
    /// account.
    #[serde(default)]
    pub owner: Option<UserId>,
}

/// The hashed password of an account that does not exist yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Password {
    pub phc: String,
    pub pepper: String,
}

impl Flow {
    /// Creates a registration that begins now, with only its address.
    pub fn begin(sys: &Sys, token: &FlowToken, way: RegistrationMethod, email: Email, owner: Option<UserId>, locale: Locale) -> Self {
        Self {
            id: token.id(),
            way,
            user: sys.id(),
            email,
            proven: false,
            locale,
            first_name: None,
            last_name: None,
            birth_date: None,
            username: None,
            invite_code: None,
            terms: None,
            password: None,
            expires_at: sys.now() + LIFE,
            owner,
        }
    }

    pub fn key_of(id: ChallengeId) -> Key {
        Key::new(format!("REGISTRATION#{id}"), "FLOW")
    }

    /// Returns the index key under which the flows of an address are found.
    pub fn index_key(id: ChallengeId, owner: Option<UserId>) -> Option<Key> {
        owner.map(|user| owned(user, &Self::key_of(id)))
    }

    /// Returns the next step. Completed steps may be repeated at any time, and none can be skipped.
    pub fn step(&self) -> Step {
        if !self.proven {
            Step::Code
        } else if self.first_name.is_none() || self.last_name.is_none() || self.birth_date.is_none() {
            Step::Personal
        } else if self.username.is_none() {
            Step::Username
        } else if self.password.is_none() {
            Step::Password
        } else {
            Step::Summary
        }
    }

    /// Returns the account with the data of this flow.
    ///
    /// # Errors
    /// An internal [`Problem`] if the flow has no username yet.
    pub fn account(&self, now: Time) -> Result<User, Problem> {
        let username = self.username.clone().ok_or_else(|| Problem::internal("an unfinished flow"))?;
        Ok(User {
            email: Some(self.email.clone()),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            birth_date: self.birth_date,
            terms: self.terms.clone(),
            has_password: true,
            ..User::new(self.user, username, self.locale, now)
        })
    }

    /// Checks that the steps before `step` are complete.
    pub fn require(&self, step: Step) -> Result<(), Problem> {
        let next = self.step();
        if next < step { Err(Problem::new(Kind::StepRequired).with("required_step", next.name())) } else { Ok(()) }
    }
}

impl Item for Flow {
    const KIND: &'static str = "registration";
    const ABOUT: About =
        About::at("REGISTRATION#{flow}", "FLOW", Personal::Withheld("somebody else's, who named an address of this account"))
            .owned()
            .expires();
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        Self::index_key(self.id, self.owner).map(|key| (Index::Owner, key)).into_iter().collect()
    }
    fn expires(&self) -> Option<Time> {
        Some(self.expires_at)
    }
}

/// The steps after the first one, which takes the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Type the code that was mailed.
    Code,
    /// Give names and day of birth.
    Personal,
    /// Choose a username.
    Username,
    /// Choose a password.
    Password,
    /// Check the data and confirm.
    Summary,
}

impl Step {
    const ALL: [Self; 5] = [Self::Code, Self::Personal, Self::Username, Self::Password, Self::Summary];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Personal => "personal",
            Self::Username => "username",
            Self::Password => "password",
            Self::Summary => "summary",
        }
    }

    /// Returns the progress in percent of six steps.
    const fn progress(self) -> u8 {
        match self {
            Self::Code => 33,
            Self::Personal => 50,
            Self::Username => 67,
            Self::Password => 83,
            Self::Summary => 100,
        }
    }
}

/// An unfinished registration as its client sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Registration {
    /// Continues this registration; keep it secret.
    pub id: FlowToken,
    /// The next step.
    pub step: Step,
    /// The progress in percent: 33, 50, 67, 83 or 100.
    #[schema(examples(33))]
    pub progress: u8,
    /// The steps that are allowed now: the next one, and a repetition of earlier ones.
    pub allowed: Vec<Step>,
    /// The address, masked.
    #[schema(examples("a****@example.test"))]
    pub email: String,
    /// The code that was sent; absent once it is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Sent>,
    /// As given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub first_name: Option<PersonName>,
    /// As given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub last_name: Option<PersonName>,
    /// As given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub birth_date: Option<BirthDate>,
    /// As given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub username: Option<Username>,
    /// The invitation code as given, in capitals.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub invite_code: Option<InviteCode>,
    /// When the registration expires.
    pub expires_at: Timestamp,
}

impl Registration {
    pub fn new(id: FlowToken, flow: Flow, challenge: Option<&Challenge>) -> Self {
        let step = flow.step();
        Self {
            id,
            step,
            progress: step.progress(),
            // A correct code cannot be sent again. Every other completed step can be repeated until the end.
            allowed: Step::ALL.into_iter().filter(|s| *s <= step && (*s != Step::Code || step == Step::Code)).collect(),
            email: kernel::mask::email(flow.email.as_ref()),
            code: challenge.filter(|_| !flow.proven).map(Challenge::sent),
            first_name: flow.first_name,
            last_name: flow.last_name,
            birth_date: flow.birth_date,
            username: flow.username,
            invite_code: flow.invite_code,
            expires_at: flow.expires_at.into(),
        }
    }
}

/// Shows a registration, so that it can be resumed after a reload.
///
/// AWS calls: one, the flow with its code.
#[utoipa::path(get, path = "/v1/registrations/{flow}", params(("flow" = FlowToken, Path)),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = Registration), Problems))]
pub async fn get_registration(State(s): State<crate::State>, Path(token): Path<FlowToken>) -> Result<Json<Registration>, web::Error> {
    let (flow, challenge) = load(&s.table, s.sys.now(), &token).await?;
    Ok(Json(Registration::new(token, flow, challenge.as_ref())))
}

/// Returns a flow in steps with its challenge, which has the same id. One request.
///
/// # Errors
/// [`Kind::NotFound`] for an unknown, finished or expired flow, and for one with a link.
pub async fn load(table: &Table, now: Time, token: &FlowToken) -> Result<(Flow, Option<Challenge>), Problem> {
    let (flow, challenge, _) = load_with(table, now, token, []).await?;
    Ok((flow, challenge))
}

/// Returns the same as [`load`], with another item in the same request.
///
/// # Errors
/// The errors of [`load`].
pub async fn load_with(
    table: &Table,
    now: Time,
    token: &FlowToken,
    more: impl IntoIterator<Item = Key>,
) -> Result<(Flow, Option<Challenge>, Batch), Problem> {
    let (flow, challenge, found) = read(table, now, token, more).await?;
    if flow.way == RegistrationMethod::Steps { Ok((flow, challenge, found)) } else { Err(Kind::NotFound.into()) }
}

/// Returns a flow of either kind with the item at its id: the challenge of a flow in steps. One request.
///
/// # Errors
/// [`Kind::NotFound`] for an unknown, finished or expired flow.
async fn read(
    table: &Table,
    now: Time,
    token: &FlowToken,
    more: impl IntoIterator<Item = Key>,
) -> Result<(Flow, Option<Challenge>, Batch), Problem> {
    let (flow, challenge) = (Flow::key_of(token.id()), Challenge::key_of(token.id()));
    let mut batch = table.get_many([flow.clone(), challenge.clone()].into_iter().chain(more).collect()).await?;
    let flow = batch.take::<Flow>(&flow)?.filter(|f| f.expires_at > now).ok_or(Kind::NotFound)?;
    let challenge = batch.take(&challenge)?;
    Ok((flow, challenge, batch))
}

/// Returns a flow of either kind with the code or link that was mailed for it. One request, and another one for a link, which all flows of
/// its address share.
///
/// # Errors
/// [`Kind::NotFound`] for an unknown flow, and for one without a mail that could be sent again.
pub async fn load_with_mail(table: &Table, now: Time, token: &FlowToken) -> Result<(Flow, Challenge), Problem> {
    let (flow, own, _) = read(table, now, token, []).await?;
    let challenge = match flow.way {
        RegistrationMethod::Steps => own.filter(|_| !flow.proven),
        RegistrationMethod::Link => {
            let link = Challenge::id_of(Purpose::Activation, &Contact::Email(flow.email.clone()), "");
            table.get::<Challenge>(Challenge::key_of(link)).await?
        }
    };
    Ok((flow, challenge.ok_or(Kind::NotFound)?))
}

/// Changes a flow whose address is proven. One conditional request, which returns the stored item if it is refused.
///
/// # Errors
/// [`Kind::NotFound`], or [`Kind::StepRequired`] if an earlier step is missing.
pub async fn advance(
    table: &Table,
    now: Time,
    token: &FlowToken,
    step: Step,
    change: impl FnOnce(Update) -> Update,
) -> Result<Flow, Problem> {
    let mut condition = field("expires_at").gt(now).and(field("way").eq(RegistrationMethod::Steps)).and(field("proven").eq(true));
    let before: &[&'static str] = match step {
        Step::Code | Step::Personal => &[],
        Step::Username => &["first_name"],
        Step::Password | Step::Summary => &["first_name", "username"],
    };
    for name in before {
        condition = condition.and(field(name).exists());
    }
    match table.update(change(Update::of(Flow::key_of(token.id()))).when(Cond::Exists.and(condition))).await {
        Ok(row) => Ok(row.decode()?),
        Err(WriteError::Refused(Some(row))) => {
            let flow: Flow = row.decode()?;
            if flow.expires_at <= now || flow.way != RegistrationMethod::Steps {
                return Err(Kind::NotFound.into());
            }
            flow.require(step)?;
            // The condition was fulfilled between the refusal and the read.
            Err(Kind::Conflict.into())
        }
        Err(WriteError::Refused(None)) => Err(Kind::NotFound.into()),
        Err(WriteError::Store(e)) => Err(e.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_in_order_and_none_is_skipped() {
        let sys = Sys::real();
        let email = Email::parse("ana@example.test").unwrap();
        let mut flow = Flow::begin(&sys, &FlowToken::draw(&sys), RegistrationMethod::Steps, email, None, Locale::En);
        assert_eq!(flow.step(), Step::Code);
        flow.username = Username::parse("ana").ok();
        flow.proven = true;
        assert_eq!(flow.step(), Step::Personal);
        assert!(flow.require(Step::Personal).is_ok() && flow.require(Step::Username).is_err());
        flow.first_name = PersonName::parse("Ana").ok();
        flow.last_name = PersonName::parse("Nowak").ok();
        flow.birth_date = BirthDate::parse("2000-01-01", sys.now(), accounts::identifier::MinimumAge::DEFAULT).ok();
        assert_eq!(flow.step(), Step::Password);
        flow.password = Some(Password { phc: String::new(), pepper: String::new() });
        assert_eq!(flow.step(), Step::Summary);
        assert!(Step::ALL.iter().all(|s| flow.require(*s).is_ok()));
    }
}
