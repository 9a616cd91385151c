//! Alarms: their states from CloudWatch's events, and their list for administrators.

use std::time::Duration;

use axum::extract::State;
use callers::{Staff, staff::Administrator};
use function::Failure;
use kernel::{Time, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use store::{About, Cond, Conditional as _, Item, Key, Personal, Range, Table, field};
use utoipa::ToSchema;
use web::{Error, Json, Problems};

/// The partition of all alarms, the only one that this function may write to.
const PARTITION: &str = "ALARMS";
/// The maximum number of alarms in a response.
const MAX: u32 = 100;
/// How long the deletion of an alarm is stored, so that no older event restores the alarm.
const DELETED_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
/// The event of a deletion states the time in whole seconds. It counts as the end of its second.
const REST_OF_SECOND: Duration = Duration::from_millis(999);

/// The state of an alarm. CloudWatch writes it in capitals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlarmState {
    /// Something is wrong.
    #[serde(alias = "ALARM")]
    Alarm,
    /// There are not enough data to evaluate it.
    #[serde(alias = "INSUFFICIENT_DATA")]
    InsufficientData,
    /// Nothing is wrong.
    #[serde(alias = "OK")]
    Ok,
}

/// An alarm, in the state of the latest event about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alarm {
    /// The name, without the name of the deployment.
    pub name: String,
    /// `None` if it was deleted.
    #[serde(default)]
    pub state: Option<AlarmState>,
    /// When it came into this state.
    pub since: Time,
}

impl Item for Alarm {
    const KIND: &'static str = "alarm";
    const ABOUT: About = About::at(PARTITION, "{alarm}", Personal::Nobody("the state of an alarm")).may_expire();
    fn key(&self) -> Key {
        Key::new(PARTITION, self.name.as_str())
    }
    fn expires(&self) -> Option<Time> {
        self.state.is_none().then(|| self.since + DELETED_KEPT)
    }
}

/// An event of CloudWatch about a change of an alarm's state or configuration:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html>.
#[derive(Deserialize)]
pub(crate) struct AlarmEvent {
    #[serde(rename = "source")]
    _source: Source,
    time: Timestamp,
    detail: Detail,
}

#[derive(Deserialize)]
enum Source {
    #[serde(rename = "aws.cloudwatch")]
    CloudWatch,
}

/// The detail of an event. The event of a change of the configuration also has the state, which it does not change.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    alarm_name: String,
    /// Absent in the event of a change of the state.
    operation: Option<Operation>,
    state: EventState,
}

#[derive(PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Operation {
    Create,
    Update,
    Delete,
}

/// The state in an event. The reason is left out, because CloudWatch shows it with the measured values.
#[derive(Deserialize)]
struct EventState {
    value: AlarmState,
    #[serde(deserialize_with = "in_utc")]
    timestamp: Time,
}

/// Returns a time as CloudWatch writes it, such as `2030-01-01T12:00:00.123+0000`.
fn in_utc<'de, D: Deserializer<'de>>(d: D) -> Result<Time, D::Error> {
    let text = String::deserialize(d)?;
    let utc = text.strip_suffix("+0000").map_or_else(|| text.clone(), |time| format!("{time}Z"));
    utc.parse::<Timestamp>().map(|Timestamp(at)| at).map_err(D::Error::custom)
}

impl From<AlarmEvent> for Alarm {
    fn from(AlarmEvent { time, detail, .. }: AlarmEvent) -> Self {
        let Detail { alarm_name, operation, state } = detail;
        // Names are `<stack>/<alarm>`.
        let name = alarm_name.rsplit('/').next().unwrap_or_default().to_owned();
        if operation == Some(Operation::Delete) {
            return Self { name, state: None, since: time.0 + REST_OF_SECOND };
        }
        Self { name, state: Some(state.value), since: state.timestamp }
    }
}

/// Stores the state of an event, unless a newer event was stored before. Idempotent.
///
/// # Errors
/// If the table cannot be written.
pub(crate) async fn keep(table: &Table, alarm: &Alarm) -> Result<(), Failure> {
    let newer = Cond::Absent.or(field("since").lt(alarm.since));
    if table.put(alarm, newer).await.applied()? {
        tracing::info!(alarm.name = alarm.name, state = ?alarm.state, "the state of an alarm");
    }
    Ok(())
}

/// An alarm.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AlarmInfo {
    /// The name. The documentation for operators describes what to do.
    #[schema(examples("FunctionsFail"))]
    name: String,
    /// Its state.
    state: AlarmState,
    /// When it came into this state.
    since: Timestamp,
}

/// The alarms.
#[derive(Serialize, ToSchema)]
pub struct AlarmList {
    /// The raised alarms first. At most a hundred.
    items: Vec<AlarmInfo>,
}

/// Returns the alarms that still exist: the raised ones first, then by name.
fn listed(alarms: Vec<Alarm>) -> Vec<AlarmInfo> {
    let there = alarms.into_iter().filter_map(|Alarm { name, state, since }| Some(AlarmInfo { name, state: state?, since: since.into() }));
    let mut items: Vec<AlarmInfo> = there.collect();
    items.sort_by(|one, other| (one.state, &one.name).cmp(&(other.state, &other.name)));
    items
}

/// Lists the alarms of this deployment with their states, the raised ones first. An alarm that has never changed is not in the list.
///
/// For administrators, with a second factor.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a query.
#[utoipa::path(get, path = "/v1/health/alarms", responses((status = 200, body = AlarmList), Problems))]
pub async fn list_alarms(State(s): State<crate::State>, _: Staff<Administrator>) -> Result<Json<AlarmList>, Error> {
    let found = s.table.query::<Alarm>(Range::of(PARTITION).limit(MAX)).await?;
    Ok(Json(AlarmList { items: listed(found.items) }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOON: Time = Time::from_millis(1_893_499_200_000);

    fn alarm(event: Value) -> Result<Alarm, serde_json::Error> {
        serde_json::from_value::<AlarmEvent>(event).map(Alarm::from)
    }

    fn event(operation: Option<&str>, state: &str, timestamp: &str) -> Value {
        let mut event = json!({
            "version": "0", "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change", "time": "2030-01-01T12:00:05Z",
            "detail": { "alarmName": "stoa/OutboxLags", "state": { "value": state, "reason": "x", "timestamp": timestamp } },
        });
        if let Some(operation) = operation {
            event["detail"]["operation"] = json!(operation);
        }
        event
    }

    #[test]
    fn an_event_says_the_state_and_since_when() {
        let is = |state, since| Alarm { name: "OutboxLags".to_owned(), state, since };
        let half = NOON + Duration::from_millis(500);
        for (value, state) in [("ALARM", AlarmState::Alarm), ("INSUFFICIENT_DATA", AlarmState::InsufficientData), ("OK", AlarmState::Ok)] {
            assert_eq!(alarm(event(None, value, "2030-01-01T12:00:00.500+0000")).unwrap(), is(Some(state), half));
        }
        // A change of the configuration does not change the state.
        for operation in ["create", "update"] {
            assert_eq!(alarm(event(Some(operation), "OK", "2030-01-01T12:00:00.000+0000")).unwrap(), is(Some(AlarmState::Ok), NOON));
        }
        let deleted = alarm(event(Some("delete"), "ALARM", "2030-01-01T12:00:00.000+0000")).unwrap();
        assert_eq!(deleted, is(None, NOON + Duration::from_millis(5_999)));
        assert_eq!((deleted.expires().is_some(), is(Some(AlarmState::Ok), NOON).expires()), (true, None));
    }

    #[test]
    fn what_is_not_understood_is_not_taken_for_an_alarm() {
        for event in [
            json!({ "version": "2.0", "routeKey": "GET /v1/health", "requestContext": {} }),
            event(None, "PANIC", "2030-01-01T12:00:00.000+0000"),
            event(None, "OK", "2030-01-01T12:00:00.000+0100"),
            event(Some("rename"), "OK", "2030-01-01T12:00:00.000+0000"),
        ] {
            assert!(alarm(event.clone()).is_err(), "{event}");
        }
    }

    #[test]
    fn raised_alarms_are_first_and_deleted_ones_are_not_listed() {
        let alarm = |name: &str, state| Alarm { name: name.to_owned(), state, since: NOON };
        let all = vec![
            alarm("A", Some(AlarmState::Ok)),
            alarm("B", None),
            alarm("C", Some(AlarmState::InsufficientData)),
            alarm("E", Some(AlarmState::Alarm)),
            alarm("D", Some(AlarmState::Alarm)),
        ];
        let names: Vec<String> = listed(all).into_iter().map(|alarm| alarm.name).collect();
        assert_eq!(names, ["D", "E", "C", "A"]);
    }
}
