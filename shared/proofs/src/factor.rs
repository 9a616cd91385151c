//! Second factors with stored data: authenticator apps and recovery codes. Also the limits on answers at all factors.
//!
//! A seed is sealed at rest and bound to its account. A code of an app is valid in its step of 30 seconds and in the steps before and after
//! (RFC 6238 §5.2), and only once: the last accepted step always increases. Recovery codes are hashed like passwords.

use std::time::Duration;

use accounts::{
    Keyring,
    identifier::Channel,
    user::{Factor, PasswordHash, User, partition},
};
use kernel::{Client, FieldError, Kind, Problem, Secret, Sys, Time, id::UserId, text};
use serde::{Deserialize, Serialize};
use store::{
    About, Item, Key, Personal, Sealer, Slot, Table, Tx, Update, field,
    limits::{self, DAY, Limit, LimitError, MINUTE, Quota},
};
use totp_rs::{Builder, Totp};

use crate::{
    challenge::{Challenge, GUESSES, Purpose, guesses_of},
    code::TypedCode,
    guesses::{self, PasswordCooldown},
    password::{Hasher, Verdict},
};

/// The issuer that apps show with the codes.
const ISSUER: &str = "Stoa";

/// The keys that seal seeds. The first one seals, and all of them open.
#[derive(Clone)]
pub struct FactorKeys(Vec<(String, Sealer)>);

impl FactorKeys {
    /// Sealers under the keys of a keyring.
    pub(crate) fn new(ring: &Keyring, sys: &Sys) -> Self {
        Self(ring.iter().map(|(id, secret)| (id.to_owned(), Sealer::new(secret, sys))).collect())
    }

    fn seal(&self, user: UserId, seed: &Seed) -> Result<String, Problem> {
        let (id, sealer) = self.0.first().ok_or_else(|| Problem::internal("no factor key"))?;
        Ok(format!("{id}.{}", sealer.seal(&purpose(user), seed.0.expose(), Time::from_millis(i64::MAX))?))
    }

    fn open(&self, user: UserId, kept: &str) -> Result<Seed, Problem> {
        let (id, text) = kept.split_once('.').unwrap_or_default();
        let key = self.0.iter().find(|(known, _)| known == id).map(|(_, key)| key);
        let key = key.ok_or_else(|| Problem::internal("the key that a seed was sealed with is not in the keyring"))?;
        let seed = key.open::<[u8; 20]>(&purpose(user), text).map_err(|_| Problem::internal("a seed could not be opened"))?;
        Ok(Seed(Secret::new(seed)))
    }
}

fn purpose(user: UserId) -> String {
    format!("totp {user}")
}

/// The seed of an authenticator app: 160 bits (RFC 4226 §4).
#[derive(Clone, Debug)]
pub struct Seed(Secret<[u8; 20]>);

impl Seed {
    /// Draws a new seed.
    #[must_use]
    pub fn draw(sys: &Sys) -> Self {
        Self(Secret::new(sys.bytes()))
    }

    /// Returns the seed for typing: base32 in groups of four.
    #[must_use]
    pub fn readable(&self) -> String {
        let text = totp_rs::Secret::from(&self.0.expose()[..]).to_base32();
        let groups: Vec<String> = text.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
        groups.join(" ")
    }

    /// Returns the seed for a QR code: `otpauth://totp/…`.
    ///
    /// # Errors
    /// An internal [`Problem`] for a label that is not an address.
    pub fn uri(&self, label: &str) -> Result<String, Problem> {
        let builder = self.builder().with_issuer(Some(ISSUER)).with_account_name(label);
        builder.build().and_then(|totp| totp.to_url()).map_err(Problem::internal)
    }

    /// Returns the step of 30 seconds of a code, if it is valid for this seed now.
    fn step(&self, code: &str, now: Time) -> Option<i64> {
        let totp: Totp = self.builder().build().ok()?;
        let step = totp.check(code, u64::try_from(now.seconds()).ok()?)?;
        i64::try_from(step).ok()
    }

    // SHA-1, six digits and thirty seconds, because all apps support them and some ignore other parameters.
    fn builder(&self) -> Builder {
        Builder::new().with_secret(&self.0.expose()[..]).with_skew(1)
    }
}

/// The authenticator app of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AppFactor {
    /// The account.
    pub user: UserId,
    /// The seed, sealed.
    sealed: String,
    /// The last accepted step.
    step: i64,
    /// When it was added.
    pub created_at: Time,
}

impl AppFactor {
    /// Returns the key of an account's app.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "FACTOR#APP")
    }

    /// Creates an app with this seed that is not yet proven by a code.
    ///
    /// # Errors
    /// An internal [`Problem`] if there is no key.
    pub fn new(keys: &FactorKeys, user: UserId, seed: &Seed, now: Time) -> Result<Self, Problem> {
        Ok(Self { user, sealed: keys.seal(user, seed)?, step: 0, created_at: now })
    }

    /// Returns the seed.
    ///
    /// # Errors
    /// An internal [`Problem`] if its key was removed.
    pub fn seed(&self, keys: &FactorKeys) -> Result<Seed, Problem> {
        keys.open(self.user, &self.sealed)
    }

    /// Checks a code.
    ///
    /// # Errors
    /// [`Kind::CodeInvalid`] for a code that is wrong, of another time, or not later than the last accepted one.
    pub fn check(&self, keys: &FactorKeys, code: &TypedCode, now: Time, steps: Steps) -> Result<AppCode, Problem> {
        let TypedCode::Short(digits) = code else { return Err(Kind::CodeInvalid.into()) };
        let current = now.seconds().div_euclid(30);
        let step = self.seed(keys)?.step(digits, now).filter(|step| *step > self.step);
        let step = step.filter(|step| steps == Steps::Three || *step == current);
        step.map(|step| AppCode { user: self.user, step }).ok_or_else(|| Kind::CodeInvalid.into())
    }

    /// Returns the app after this code was accepted.
    #[must_use]
    pub fn proven(self, code: &AppCode) -> Self {
        Self { step: code.step, ..self }
    }
}

impl Item for AppFactor {
    const KIND: &'static str = "app_factor";
    const ABOUT: About = About::beside_user("FACTOR#APP", Personal::Exported(&["created_at"]));
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
}

/// The valid codes of an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// The codes of the current step of 30 seconds, the previous one and the next one.
    Three,
    /// Only the code of the current step, after several wrong guesses, to reduce the chance of a guess.
    Current,
}

impl Steps {
    /// Returns how many guesses of the day one attempt counts as: the number of valid codes.
    const fn weight(self) -> u32 {
        match self {
            Self::Three => 3,
            Self::Current => 1,
        }
    }
}

/// An accepted code of an app.
#[derive(Clone, Copy, Debug)]
pub struct AppCode {
    user: UserId,
    step: i64,
}

impl AppCode {
    /// Adds its use to a transaction. The slot is refused if this or a later code was used in the meantime.
    pub fn spend(&self, tx: &mut Tx) -> Slot {
        tx.update(Update::of(AppFactor::key_of(self.user)).set("step", self.step).when(field("step").lt(self.step)))
    }
}

/// The number of recovery codes of an account.
pub const RECOVERY_CODES: usize = 10;
/// The characters of a recovery code: Crockford's alphabet, without look-alikes.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// The number of characters of a recovery code after its first digit: 80 bits.
const RECOVERY_LENGTH: usize = 16;

/// The recovery codes of an account, which replace the other factors. Each code begins with its number, which selects its hash.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecoveryCodes {
    /// The account.
    pub user: UserId,
    /// The pepper of the hashes.
    pepper: String,
    /// When they were made.
    pub created_at: Time,
    /// PHC strings, by number.
    hashes: Vec<String>,
    /// A bitmap of the used codes.
    used: u32,
}

impl RecoveryCodes {
    /// Returns the key of an account's recovery codes.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "FACTOR#RECOVERY")
    }

    /// Draws ten new codes. Returns them in readable form, and the item with their hashes. Hashing takes 140 ms.
    ///
    /// # Errors
    /// An internal [`Problem`] if there is not enough memory.
    pub async fn draw(sys: &Sys, hasher: &Hasher, user: UserId) -> Result<(Vec<String>, Self), Problem> {
        let (mut shown, mut kept, mut pepper) = (Vec::new(), Vec::new(), String::new());
        for number in 0..RECOVERY_CODES {
            let letters: Vec<u8> =
                (0..RECOVERY_LENGTH).filter_map(|_| ALPHABET.get(usize::try_from(sys.below(32)).unwrap_or(0)).copied()).collect();
            let code = String::from_utf8(letters).map_err(Problem::internal)?;
            let one = hasher.hash(user, &Secret::new(code.clone())).await?;
            kept.push(one.phc);
            pepper = one.pepper;
            let groups: Vec<&str> = [code.get(..4), code.get(4..8), code.get(8..12), code.get(12..)].into_iter().flatten().collect();
            shown.push(format!("{number:02}-{}", groups.join("-")));
        }
        Ok((shown, Self { user, pepper, created_at: sys.now(), hashes: kept, used: 0 }))
    }

    /// Returns the number of unused codes.
    #[must_use]
    pub fn left(&self) -> usize {
        (0..self.hashes.len()).filter(|number| self.unused(*number).is_some()).count()
    }

    fn unused(&self, number: usize) -> Option<&String> {
        self.hashes.get(number).filter(|_| self.used & bit(number) == 0)
    }

    /// Checks a code.
    ///
    /// # Errors
    /// [`Kind::CodeInvalid`]
    pub async fn check(&self, hasher: &Hasher, code: &TypedRecoveryCode) -> Result<RecoveryCode, Problem> {
        let hash = self.unused(code.number).map(|phc| PasswordHash { user: self.user, phc: phc.clone(), pepper: self.pepper.clone() });
        match hasher.verify(hash.as_ref(), &code.letters).await? {
            Verdict::Right | Verdict::Outdated => Ok(RecoveryCode { user: self.user, used: self.used, number: code.number }),
            Verdict::Wrong => Err(Kind::CodeInvalid.into()),
        }
    }
}

fn bit(number: usize) -> u32 {
    u32::try_from(number).ok().and_then(|n| 1_u32.checked_shl(n)).unwrap_or(0)
}

impl Item for RecoveryCodes {
    const KIND: &'static str = "recovery_codes";
    const ABOUT: About = About::beside_user("FACTOR#RECOVERY", Personal::Exported(&["created_at"]));
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
}

/// A recovery code as typed: its number and its sixteen characters of the alphabet.
#[derive(Clone, Debug)]
pub struct TypedRecoveryCode {
    number: usize,
    letters: Secret,
}

impl TypedRecoveryCode {
    /// Parses a code in any case and in any spelling that [`text::compact`] knows, also with look-alikes of digits.
    ///
    /// # Errors
    /// `code_format`
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        Self::read(text).ok_or(FieldError::CODE_FORMAT)
    }

    fn read(text: &str) -> Option<Self> {
        // Crockford's alphabet has no letters that look like digits, so look-alikes are mapped to digits.
        let read = |c: char| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            c => c,
        };
        let plain: String = text::typed(text)?.chars().map(read).collect();
        let (number, code) = plain.split_at_checked(2)?;
        let number = number.parse::<usize>().ok().filter(|n| *n < RECOVERY_CODES)?;
        let right = code.len() == RECOVERY_LENGTH && code.bytes().all(|b| ALPHABET.contains(&b));
        right.then(|| Self { number, letters: Secret::new(code.to_owned()) })
    }
}

/// An accepted recovery code.
#[derive(Clone, Debug)]
pub struct RecoveryCode {
    user: UserId,
    used: u32,
    number: usize,
}

impl RecoveryCode {
    /// Adds its use to a transaction. The slot is refused if this or another code was used in the meantime.
    pub fn spend(&self, tx: &mut Tx) -> Slot {
        let spend = Update::of(RecoveryCodes::key_of(self.user)).set("used", self.used | bit(self.number));
        tx.update(spend.when(field("used").eq(self.used)))
    }
}

/// The limits on answers at the factors of one account, over all flows. Only answers that can be guessed are counted: not passkeys,
/// recovery codes and long codes.
#[derive(Clone, Debug)]
pub struct AnswerLimits {
    user: UserId,
    network: String,
    cooldown: PasswordCooldown,
}

/// How long wrong codes in a row are remembered after the last one.
const MEMORY: Duration = Duration::from_secs(365 * 24 * 3600);
/// The factors whose codes can be guessed.
const GUESSED: [Factor; 3] = [Factor::App, Factor::Email, Factor::Sms];
/// The limit on guesses at the app of an account.
pub const APP: Quota = Quota::pausing("factor_app", 5, MINUTE.saturating_mul(15), "wrong codes of an account's app");
/// After this many guesses at the app in a day only the code of the current step is accepted.
const TOLERATED: Quota = Quota::window("factor_app_tolerated", 5, DAY, "codes of an account's app that may be late or early");
/// After this many consecutive wrong codes a factor is locked.
const IN_A_ROW: Quota = Quota::pausing("factor_in_a_row", 100, MEMORY, "wrong codes of one factor in a row");

impl AnswerLimits {
    /// Returns the limits of this account's factors, for answers by this client.
    #[must_use]
    pub fn of(user: UserId, client: &Client, cooldown: PasswordCooldown) -> Self {
        Self { user, network: client.network(), cooldown }
    }

    /// Returns the limits against which an answer is counted before it is checked. For the app: five wrong codes, then a pause of a quarter
    /// of an hour; a hundred wrong codes in a row, which lock the app; and the day's guesses at the account, where an attempt counts as
    /// often as there are valid codes. A password is counted as at a sign-in. The attempts at a code that was sent were counted when it was
    /// sent.
    fn limits(&self, factor: Factor, steps: Steps) -> Vec<Limit> {
        match factor {
            Factor::App => {
                let pause = APP.of(self.user);
                let tolerant = Some(TOLERATED.of(self.user)).filter(|_| steps == Steps::Three);
                let guesses = guesses_of(self.user).weighing(steps.weight());
                [guesses, in_a_row(self.user, factor), pause].into_iter().chain(tolerant).collect()
            }
            Factor::Password => vec![guesses::at_account(self.cooldown, &self.user.to_string(), &self.network)],
            Factor::Email | Factor::Sms | Factor::Passkey | Factor::RecoveryCode => Vec::new(),
        }
    }

    /// Counts an answer before it is checked, and returns which codes of an app are valid. One transaction if anything is counted, and a
    /// second one for the app after several guesses in a day.
    ///
    /// # Errors
    /// [`Kind::FactorLocked`] for the app after a hundred wrong codes in a row, until a recovery code or a passkey is accepted or the
    /// password is reset; [`Kind::TooManyRequests`] for the other limits.
    pub async fn take(&self, table: &Table, now: Time, factor: Factor) -> Result<Steps, Problem> {
        let mut refused = None;
        for steps in [Steps::Three, Steps::Current] {
            match limits::take_together(table, now, &self.limits(factor, steps)).await {
                Ok(()) => return Ok(steps),
                Err(LimitError::Reached(reached)) if reached.quota == IN_A_ROW => {
                    return Err(Kind::FactorLocked.because("a hundred codes in a row were wrong"));
                }
                Err(LimitError::Reached(reached)) if [TOLERATED, GUESSES].contains(&reached.quota) => refused = Some(reached),
                Err(e) => return Err(e.into()),
            }
        }
        Err(refused.map_or_else(|| Problem::internal("no limit"), Problem::from))
    }

    /// Counts a wrong answer to a code that was sent. After a hundred in a row only long codes are sent. One update. Best effort.
    pub async fn record_wrong(&self, table: &Table, now: Time, factor: Factor) {
        if let Err(e) = limits::record(table, now, &[in_a_row(self.user, factor)]).await {
            tracing::warn!(error = %e, "a wrong code in a row could not be counted");
        }
    }

    /// Adds to a transaction that an answer was right, which resets the wrong answers in a row. A factor that can be guessed resets only
    /// itself. Otherwise somebody who reads the person's mail could guess at the app without a limit.
    pub fn reset(&self, tx: &mut Tx, now: Time, factor: Factor, steps: Steps, guessable: bool) {
        match factor {
            // The day's guesses are not reset: frequent right answers would make room for other people's guesses.
            Factor::App | Factor::Password => {
                for limit in self.limits(factor, Steps::Current).into_iter().filter(|limit| limit.quota != GUESSES) {
                    tx.delete(limit.key());
                }
                if factor == Factor::App {
                    guesses_of(self.user).give_back_in(tx, steps.weight(), now);
                }
            }
            Factor::Email | Factor::Sms if guessable => {
                tx.delete(in_a_row(self.user, factor).key());
            }
            Factor::Email | Factor::Sms | Factor::RecoveryCode | Factor::Passkey => unlock(tx, self.user),
        }
    }

    /// Gives back the count of a right answer that was not sufficient, or that repeats an earlier one. Best effort.
    pub async fn give_back(&self, table: &Table, factor: Factor, steps: Steps) {
        limits::give_all_back(table, &self.limits(factor, steps)).await;
    }
}

/// Adds the unlocking of all factors to a transaction.
pub fn unlock(tx: &mut Tx, user: UserId) {
    for factor in GUESSED {
        tx.delete(in_a_row(user, factor).key());
    }
}

/// Returns the limit on wrong answers in a row at the factor of this challenge. `None` if the challenge is not for a factor.
pub(crate) fn wrong_in_a_row(challenge: &Challenge) -> Option<Limit> {
    let user = challenge.user.filter(|_| matches!(challenge.purpose, Purpose::SecondFactor | Purpose::StepUp))?;
    let factor = match challenge.channel {
        Channel::Email => Factor::Email,
        Channel::Sms => Factor::Sms,
    };
    Some(in_a_row(user, factor))
}

fn in_a_row(user: UserId, factor: Factor) -> Limit {
    let name = match factor {
        Factor::App => "app",
        Factor::Email => "email",
        _ => "sms",
    };
    IN_A_ROW.of(format!("{user} {name}"))
}

/// Adds the deletion of all second factors to a transaction.
pub fn erase(tx: &mut Tx, user: &User) {
    tx.delete(AppFactor::key_of(user.id));
    tx.delete(RecoveryCodes::key_of(user.id));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_valid_around_its_step_and_only_once() {
        let sys = Sys::real();
        let keys = FactorKeys::new(&crate::identity_keys::ring(&[("a", "p8Jw2nQ7sT4vX9zB1dF6gH3kL5mN0rYc")]), &sys);
        let seed = Seed::draw(&sys);
        let app = AppFactor::new(&keys, sys.id(), &seed, sys.now()).unwrap();
        let now = Time::from_millis(1_893_456_000_000 + 10_000);
        let code = |at: Time| seed.builder().build().unwrap().generate(u64::try_from(at.seconds()).unwrap()).to_string();
        let code = |at: Time| TypedCode::Short(code(at));
        let step = Duration::from_secs(30);
        for good in [now - step, now, now + step] {
            assert!(app.check(&keys, &code(good), now, Steps::Three).is_ok());
            assert_eq!(app.check(&keys, &code(good), now, Steps::Current).is_ok(), good == now);
        }
        for bad in [now - step * 2, now + step * 2] {
            assert!(app.check(&keys, &code(bad), now, Steps::Three).is_err());
        }
        let used = app.clone().proven(&app.check(&keys, &code(now), now, Steps::Three).unwrap());
        assert!(
            used.check(&keys, &code(now), now, Steps::Three).is_err() && used.check(&keys, &code(now - step), now, Steps::Three).is_err()
        );
        assert!(used.check(&keys, &code(now + step), now, Steps::Three).is_ok());
        let long = TypedCode::Long("K7M2XP9Q4TRW".to_owned());
        assert!(app.check(&keys, &long, now, Steps::Three).is_err());
        let stranger = AppFactor { user: sys.id(), ..app };
        assert!(stranger.seed(&keys).is_err(), "a seed is bound to its person");
    }

    #[test]
    fn a_seed_has_the_format_of_authenticator_apps() {
        let seed = Seed(Secret::new(*b"12345678901234567890"));
        assert_eq!(seed.readable(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        let uri = seed.uri("anna@example.test").unwrap();
        assert!(uri.starts_with("otpauth://totp/Stoa:anna%40example.test?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{uri}");
        // RFC 6238, appendix B, its last six digits.
        assert_eq!(seed.step("287082", Time::from_millis(59_000)), Some(1));
    }

    #[tokio::test]
    async fn recovery_codes_are_accepted_in_any_spelling() {
        let sys = Sys::real();
        let hasher = Hasher::new(crate::identity_keys::ring(&[("1", "Zc4nV8mQ1wE6rT3yU7iO9pA2sD5fG0hJ")]), &sys);
        let (shown, kept) = RecoveryCodes::draw(&sys, &hasher, sys.id()).await.unwrap();
        assert_eq!((shown.len(), kept.left()), (10, 10));
        let stored = serde_json::to_string(&kept).unwrap();
        assert!(shown.iter().all(|code| !stored.contains(&code[3..7])), "only hashes are kept");
        let typed = |text: &str| TypedRecoveryCode::parse(text).unwrap();
        for spelling in [
            shown[3].to_uppercase().replace('-', " "),
            shown[3].replace('-', "\u{2011}"),
            format!("\u{2068}{}\u{2069}", shown[3].replace('-', "\u{a0}")),
            shown[3].replace("03", "\u{ff10}\u{ff13}").replace('-', ""),
            shown[3].replace("03", "\u{6f0}\u{663}").replace('-', "\u{200b}"),
        ] {
            assert!(kept.check(&hasher, &typed(&spelling)).await.is_ok(), "{spelling}");
        }
        let other = format!("04{}", &shown[3][2..]);
        assert!(kept.check(&hasher, &typed(&other)).await.is_err());
        for bad in ["", "03", "99-0000-0000-0000-0000", "03-uuuu-uuuu-uuuu-uuuu", "żż-0000-0000-0000-0000"] {
            assert_eq!(TypedRecoveryCode::parse(bad).err(), Some(FieldError::CODE_FORMAT), "{bad}");
        }
    }
}
