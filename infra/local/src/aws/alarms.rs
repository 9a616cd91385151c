//! CloudWatch's alarms in `infra/operations.yaml`. Nothing is measured on this machine, so tests and the console raise alarms. A change of
//! the state puts an event on the default bus, as on AWS.

use std::sync::{Mutex, MutexGuard, PoisonError};

use kernel::{Sys, Time, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Core, StartError,
    clock::whole_seconds,
    hosts::uuid,
    template::{ACCOUNT, REGION, STACK, parse},
};

/// The template of the alarms, which is nested in that of the system.
const OPERATIONS: &str = include_str!("../../../operations.yaml");
/// The bus of the events of AWS.
const BUS: &str = "default";

/// The state of an alarm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    /// The alarm is raised.
    Alarm,
    /// There are no values of its metric.
    InsufficientData,
    /// The alarm is not raised.
    #[default]
    Ok,
}

/// An alarm.
#[derive(Clone, Debug, Serialize)]
pub struct AlarmInfo {
    /// The name, without the name of the stack.
    pub name: String,
    /// The description.
    pub about: String,
    /// The state.
    pub state: AlarmState,
    /// When the state was set. Absent if it was never set.
    pub since: Option<Timestamp>,
}

/// All alarms of one local cloud.
pub struct Alarms(Mutex<Vec<AlarmInfo>>);

impl Alarms {
    /// Returns the alarms of the template. None is raised.
    ///
    /// # Errors
    /// If the template is not valid.
    pub(super) fn open() -> Result<Self, StartError> {
        let template = parse(OPERATIONS).map_err(|e| StartError::Template(format!("infra/operations.yaml: {e}")))?;
        let resources = template.get("Resources").and_then(Value::as_object).into_iter().flatten();
        let alarms = resources.filter(|(_, resource)| resource.get("Type").is_some_and(|kind| kind == "AWS::CloudWatch::Alarm"));
        let all =
            alarms.map(|(id, resource)| AlarmInfo { name: id.clone(), about: about(resource), state: AlarmState::default(), since: None });
        Ok(Self(Mutex::new(all.collect())))
    }

    /// Returns all alarms.
    #[must_use]
    pub fn list(&self) -> Vec<AlarmInfo> {
        self.all().clone()
    }

    /// Sets the state of an alarm, and puts CloudWatch's event about it on the default bus. False if there is no such alarm.
    #[must_use]
    pub fn change(&self, core: &Core, name: &str, to: AlarmState) -> bool {
        let now = core.clock.now();
        let said = self.all().iter_mut().find(|alarm| alarm.name == name).map(|alarm| {
            let said = event(&core.sys, alarm, to, now);
            (alarm.state, alarm.since) = (to, Some(now.into()));
            said
        });
        let Some(event) = said else { return false };
        core.aws.bus.deliver(core, BUS, &event, None);
        true
    }

    fn all(&self) -> MutexGuard<'_, Vec<AlarmInfo>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the description of an alarm, with the name of the stack filled in.
fn about(alarm: &Value) -> String {
    let value = alarm.pointer("/Properties/AlarmDescription");
    let text = value.and_then(|value| value.get("Fn::Sub").unwrap_or(value).as_str()).unwrap_or_default();
    text.replace("${Stack}", STACK)
}

/// Returns the event of a change of the state.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html>
fn event(sys: &Sys, alarm: &AlarmInfo, to: AlarmState, now: Time) -> Value {
    let name = format!("{STACK}/{}", alarm.name);
    let state = |value: AlarmState, at: Timestamp| {
        let at = at.to_string().replace('Z', "+0000");
        json!({ "value": value, "reason": "somebody said so", "timestamp": at })
    };
    json!({
        "version": "0",
        "id": uuid(sys.bytes()),
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": ACCOUNT,
        "time": whole_seconds(now),
        "region": REGION,
        "resources": [format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}")],
        "detail": {
            "alarmName": name,
            "configuration": { "description": alarm.about },
            "previousState": state(alarm.state, alarm.since.unwrap_or(Timestamp(now))),
            "state": state(to, Timestamp(now)),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alarms_of_the_template_have_their_names_and_send_cloudwatchs_event() {
        let alarms = Alarms::open().expect("opened").list();
        assert_eq!(OPERATIONS.matches("AWS::CloudWatch::Alarm").count(), alarms.len());
        for alarm in &alarms {
            assert!(
                OPERATIONS.contains(&format!("AlarmName: !Sub ${{Stack}}/{}\n", alarm.name)) && !alarm.about.contains('$'),
                "{alarm:?}"
            );
        }
        let noon = Time::from_millis(1_893_499_200_250);
        let event = event(&Sys::real(), &alarms[0], AlarmState::InsufficientData, noon);
        let state = json!({ "value": "INSUFFICIENT_DATA", "reason": "somebody said so", "timestamp": "2030-01-01T12:00:00.250+0000" });
        assert_eq!((&event["time"], &event["detail"]["state"]), (&json!("2030-01-01T12:00:00Z"), &state));
        assert_eq!(event["resources"][0], json!(format!("arn:aws:cloudwatch:eu-central-1:000000000000:alarm:stoa/{}", alarms[0].name)));
    }
}
