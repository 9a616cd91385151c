//! The caller's notification settings: which categories they want over which channels, and the quiet hours.

use axum::extract::State;
use callers::MemberWith;
use kernel::{FieldError, Fields, PatchMember, Problem, id::UserId};
use preferences::{Category, Channel, Offer, QuietHours, Settings};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Error, Json, Problems};

/// The channels of a category. A channel is absent if the category does not use it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelSettings {
    /// The inbox in the app.
    in_app: bool,
    /// E-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    mail: Option<bool>,
    /// Text messages, which only people without an e-mail address get. They never have the text of a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sms: Option<bool>,
    /// The channels that are always used.
    fixed: Vec<&'static str>,
}

/// A daily time in which only urgent mails and text messages are sent. Others are sent at its end.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuietHoursInfo {
    /// When it begins.
    #[schema(examples("22:00"))]
    from: String,
    /// When it ends. A time earlier than `from` is on the next day.
    #[schema(examples("07:00"))]
    to: String,
    /// The IANA name of the time zone.
    #[schema(examples("Europe/Warsaw"))]
    zone: String,
}

/// The notification settings of the caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationSettings {
    /// Messages in direct rooms.
    direct: ChannelSettings,
    /// Messages that mention the caller, in any room.
    mention: ChannelSettings,
    /// Other messages in groups.
    group: ChannelSettings,
    /// Answers of the support team.
    support: ChannelSettings,
    /// Friend requests and their answers.
    friends: ChannelSettings,
    /// Orders and payments. Mails about them ignore the quiet hours.
    orders: ChannelSettings,
    /// Sign-ins and changes of the account. Mails about them ignore the quiet hours.
    security: ChannelSettings,
    /// The quiet hours. Absent if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    quiet_hours: Option<QuietHoursInfo>,
}

impl NotificationSettings {
    fn of(settings: &Settings) -> Self {
        let of = |category| channels(settings, category);
        let quiet = |QuietHours { from, to, zone }: QuietHours| QuietHoursInfo { from: from.to_string(), to: to.to_string(), zone };
        Self {
            direct: of(Category::Direct),
            mention: of(Category::Mention),
            group: of(Category::Group),
            support: of(Category::Support),
            friends: of(Category::Friends),
            orders: of(Category::Orders),
            security: of(Category::Security),
            quiet_hours: settings.quiet_hours.clone().map(quiet),
        }
    }
}

fn channels(settings: &Settings, category: Category) -> ChannelSettings {
    let used = |channel| (category.offer(channel) != Offer::Never).then(|| settings.wants(category, channel));
    let fixed = Channel::ALL.into_iter().filter(|channel| category.offer(*channel) == Offer::Always);
    ChannelSettings {
        in_app: settings.wants(category, Channel::InApp),
        mail: used(Channel::Mail),
        sms: used(Channel::Sms),
        fixed: fixed.map(Channel::name).collect(),
    }
}

/// The channels to switch on or off. Absent ones stay as they are.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateChannels {
    /// The inbox in the app.
    #[serde(default, deserialize_with = "kernel::not_null")]
    #[schema(nullable = false)]
    in_app: Option<bool>,
    /// E-mail.
    #[serde(default, deserialize_with = "kernel::not_null")]
    #[schema(nullable = false)]
    mail: Option<bool>,
    /// Text messages.
    #[serde(default, deserialize_with = "kernel::not_null")]
    #[schema(nullable = false)]
    sms: Option<bool>,
}

/// The quiet hours. Begin and end must be different.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateQuietHours {
    /// When it begins.
    #[schema(min_length = 5, max_length = 5, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", examples("22:00"))]
    from: String,
    /// When it ends.
    #[schema(min_length = 5, max_length = 5, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", examples("07:00"))]
    to: String,
    /// The IANA name of the time zone.
    #[schema(min_length = 1, max_length = 64, examples("Europe/Warsaw"))]
    zone: String,
}

/// What to change. Absent members stay as they are.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateNotificationSettings {
    /// Messages in direct rooms.
    #[serde(default)]
    direct: UpdateChannels,
    /// Messages that mention the caller.
    #[serde(default)]
    mention: UpdateChannels,
    /// Other messages in groups.
    #[serde(default)]
    group: UpdateChannels,
    /// Answers of the support team.
    #[serde(default)]
    support: UpdateChannels,
    /// Friend requests and their answers.
    #[serde(default)]
    friends: UpdateChannels,
    /// Orders and payments.
    #[serde(default)]
    orders: UpdateChannels,
    /// Sign-ins and changes of the account.
    #[serde(default)]
    security: UpdateChannels,
    /// The quiet hours, or `null` for none.
    #[serde(default)]
    #[schema(value_type = Option<UpdateQuietHours>, required = false)]
    quiet_hours: PatchMember<UpdateQuietHours>,
}

impl UpdateNotificationSettings {
    const fn of(&self, category: Category) -> UpdateChannels {
        match category {
            Category::Direct => self.direct,
            Category::Mention => self.mention,
            Category::Group => self.group,
            Category::Support => self.support,
            Category::Friends => self.friends,
            Category::Orders => self.orders,
            Category::Security => self.security,
        }
    }

    /// Applies the patch to the settings.
    fn apply(&self, settings: &mut Settings) -> Result<(), Problem> {
        let mut fields = Fields::new();
        for category in Category::ALL {
            let UpdateChannels { in_app, mail, sms } = self.of(category);
            for (channel, wanted) in [(Channel::InApp, in_app), (Channel::Mail, mail), (Channel::Sms, sms)] {
                let Some(on) = wanted else { continue };
                settings.set(category, channel, on);
                if settings.wants(category, channel) != on {
                    fields.wrong(&format!("/{}/{}", category.name(), channel.name()), FieldError::FIXED);
                }
            }
        }
        match &self.quiet_hours {
            PatchMember::Leave => {}
            PatchMember::Clear => settings.quiet_hours = None,
            PatchMember::To(UpdateQuietHours { from, to, zone }) => {
                settings.quiet_hours = QuietHours::parse(&mut fields, "/quiet_hours", from, to, zone);
            }
        }
        fields.finish()
    }
}

fn or_default(user: UserId, settings: Option<Settings>) -> Settings {
    settings.unwrap_or_else(|| Settings::of_default(user))
}

/// Reads the notification settings of the caller.
///
/// AWS calls: one batch, which authenticates the caller and reads the settings.
#[utoipa::path(get, path = "/v1/me/notification-settings", responses((status = 200, body = NotificationSettings), Problems))]
pub async fn get_notification_settings(caller: MemberWith<Settings>) -> Json<NotificationSettings> {
    Json(NotificationSettings::of(&or_default(caller.member.user.id, caller.resource)))
}

/// Changes the notification settings of the caller.
///
/// A JSON merge patch (RFC 7396), which is applied completely or not at all. Mails about orders and about the security of the account
/// cannot be switched off.
///
/// AWS calls: two, the batch that authenticates the caller and reads the settings, and a transaction, which also checks the account. One
/// if nothing changes. A concurrent change takes another transaction.
#[utoipa::path(
    patch, path = "/v1/me/notification-settings",
    request_body(
        content(
            (UpdateNotificationSettings = "application/merge-patch+json", example = json!({"mention": {"sms": true}, "quiet_hours": null})),
            (UpdateNotificationSettings = "application/json", example = json!({"mention": {"sms": true}, "quiet_hours": null})),
        )
    ),
    extensions(("x-problems" = json!(["invalid", "conflict"]))),
    responses((status = 200, body = NotificationSettings), Problems)
)]
pub async fn update_notification_settings(
    State(s): State<crate::State>,
    caller: MemberWith<Settings>,
    Json(patch): Json<UpdateNotificationSettings>,
) -> Result<Json<NotificationSettings>, Error> {
    let changed = preferences::change(&s.table, caller.member.user.id, caller.resource, |settings| patch.apply(settings)).await?;
    Ok(Json(NotificationSettings::of(&changed)))
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    fn patched(json: &str) -> Result<Settings, Vec<String>> {
        let patch: UpdateNotificationSettings = serde_json::from_str(json).unwrap();
        let mut settings = Settings::of_default(Sys::real().id());
        let errors = |p: Problem| p.fields.into_iter().map(|(pointer, e)| format!("{pointer} {}", e.code)).collect();
        patch.apply(&mut settings).map(|()| settings).map_err(errors)
    }

    #[test]
    fn a_patch_switches_what_it_names_and_tells_everything_that_is_wrong() {
        let settings = patched(r#"{"direct":{"mail":false},"mention":{"sms":true},"security":{"mail":true}}"#).unwrap();
        assert!(!settings.wants(Category::Direct, Channel::Mail) && settings.wants(Category::Direct, Channel::InApp));
        assert!(settings.wants(Category::Mention, Channel::Sms));
        let wrong = r#"{"security":{"mail":false,"in_app":false},"orders":{"mail":false},"friends":{"sms":true},
            "quiet_hours":{"from":"7:00","to":"06:00","zone":"Mars/Olympus"}}"#;
        let expected = [
            "/friends/sms fixed",
            "/orders/mail fixed",
            "/security/in_app fixed",
            "/security/mail fixed",
            "/quiet_hours/from time_of_day",
            "/quiet_hours/zone time_zone",
        ];
        assert_eq!(patched(wrong).unwrap_err(), expected);
    }

    #[test]
    fn quiet_hours_are_set_and_cleared() {
        let quiet = r#"{"quiet_hours":{"from":"22:00","to":"07:00","zone":"europe/warsaw"}}"#;
        let mut settings = patched(quiet).unwrap();
        assert_eq!(settings.quiet_hours.as_ref().map(|quiet| quiet.zone.as_str()), Some("Europe/Warsaw"));
        let patch: UpdateNotificationSettings = serde_json::from_str(r#"{"quiet_hours":null}"#).unwrap();
        patch.apply(&mut settings).unwrap();
        assert_eq!(settings.quiet_hours, None);
        assert_eq!(patched(r#"{"quiet_hours":{"from":"22:00","to":"22:00","zone":"UTC"}}"#).unwrap_err(), ["/quiet_hours/to same_time"]);
    }
}
