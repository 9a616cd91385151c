//! Second factors that this service keeps something for: the seed of an authenticator app, and recovery codes.
//!
//! A seed is sealed at rest, bound to its person. What an app shows is good for its step of 30 seconds and the one before and
//! after (RFC 6238 §5.2), and once: the step that was accepted last only ever rises. Recovery codes are kept like passwords.

use std::time::Duration;

use kernel::{Kind, Problem, Secret, Sys, Time, env::Reader, id::UserId};
use serde::{Deserialize, Serialize};
use store::{
    Item, Key, Sealer, Slot, Table, Tx, Update, field,
    limits::{self, Limit, LimitError},
};
use totp_rs::{Builder, Totp};

use crate::{
    Keyring,
    password::{Hasher, Verdict},
    user::{Factor, PasswordHash, User, partition},
};

/// Who the codes in an app are from.
const ISSUER: &str = "Stoa";

/// The keys that seeds are sealed with: the first seals, all open.
#[derive(Clone)]
pub struct FactorKeys(Vec<(String, Sealer)>);

impl FactorKeys {
    /// Reads `FACTOR_KEYS`, a keyring.
    pub fn read(r: &mut Reader<'_>, sys: &Sys) -> Self {
        Self(Keyring::read(r, "FACTOR_KEYS").iter().map(|(id, secret)| (id.to_owned(), Sealer::new(secret, sys))).collect())
    }

    fn seal(&self, user: UserId, seed: &Seed) -> Result<String, Problem> {
        let (id, sealer) = self.0.first().ok_or_else(|| Problem::internal("no factor key"))?;
        Ok(format!("{id}.{}", sealer.seal(&purpose(user), seed.0.expose(), Time::from_millis(i64::MAX))))
    }

    fn open(&self, user: UserId, kept: &str) -> Result<Seed, Problem> {
        let (id, text) = kept.split_once('.').unwrap_or_default();
        let key = self.0.iter().find(|(known, _)| known == id).map(|(_, key)| key);
        let key = key.ok_or_else(|| Problem::internal("a seed is sealed with a key that is gone"))?;
        let seed = key.open::<[u8; 20]>(&purpose(user), text).map_err(|_| Problem::internal("a seed does not open"))?;
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
    /// A new one.
    #[must_use]
    pub fn draw(sys: &Sys) -> Self {
        Self(Secret::new(sys.bytes()))
    }

    /// As people type it: base32 in groups of four.
    #[must_use]
    pub fn readable(&self) -> String {
        let text = totp_rs::Secret::from(&self.0.expose()[..]).to_base32();
        let groups: Vec<String> = text.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
        groups.join(" ")
    }

    /// As apps read it from a picture: `otpauth://totp/…`.
    ///
    /// # Errors
    /// An internal [`Problem`] for a label that no address can have.
    pub fn uri(&self, label: &str) -> Result<String, Problem> {
        let builder = self.builder().with_issuer(Some(ISSUER)).with_account_name(label);
        builder.build().and_then(|totp| totp.to_url()).map_err(Problem::internal)
    }

    /// The step of 30 seconds that a code belongs to, if it is one of this seed and of now.
    fn step(&self, code: &str, now: Time) -> Option<i64> {
        let totp: Totp = self.builder().build().ok()?;
        let step = totp.check(code, u64::try_from(now.seconds()).ok()?)?;
        i64::try_from(step).ok()
    }

    // SHA-1, six digits, thirty seconds: what every app takes, and what they all fall back to.
    fn builder(&self) -> Builder {
        Builder::new().with_secret(&self.0.expose()[..]).with_skew(1)
    }
}

/// An authenticator app that is on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AppFactor {
    /// Whose.
    pub user: UserId,
    /// The seed, sealed.
    sealed: String,
    /// The step that was accepted last.
    step: i64,
    /// Since when.
    pub created_at: Time,
}

impl AppFactor {
    /// Where a person's app is.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "FACTOR#APP")
    }

    /// An app whose seed is `seed`, not yet proven by a code.
    ///
    /// # Errors
    /// An internal [`Problem`] if there is no key to seal with.
    pub fn new(keys: &FactorKeys, user: UserId, seed: &Seed, now: Time) -> Result<Self, Problem> {
        Ok(Self { user, sealed: keys.seal(user, seed)?, step: 0, created_at: now })
    }

    /// The seed.
    ///
    /// # Errors
    /// An internal [`Problem`] if the key that it was sealed with is gone.
    pub fn seed(&self, keys: &FactorKeys) -> Result<Seed, Problem> {
        keys.open(self.user, &self.sealed)
    }

    /// Judges a code.
    ///
    /// # Errors
    /// [`Kind::CodeInvalid`] for one that is wrong, of another time, or not later than the last.
    pub fn check(&self, keys: &FactorKeys, code: &str, now: Time) -> Result<AppCode, Problem> {
        let step = self.seed(keys)?.step(code, now).filter(|step| *step > self.step);
        step.map(|step| AppCode { user: self.user, step }).ok_or_else(|| Kind::CodeInvalid.into())
    }

    /// The same app, proven by a code.
    #[must_use]
    pub fn proven(self, code: &AppCode) -> Self {
        Self { step: code.step, ..self }
    }
}

impl Item for AppFactor {
    const KIND: &'static str = "app_factor";
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
}

/// A code of an app that was right.
#[derive(Clone, Copy, Debug)]
pub struct AppCode {
    user: UserId,
    step: i64,
}

impl AppCode {
    /// Adds its use to a transaction. The slot is refused if it, or a later one, was used meanwhile.
    pub fn spend(&self, tx: &mut Tx) -> Slot {
        tx.update(Update::of(AppFactor::key_of(self.user)).set("step", self.step).when(field("step").lt(self.step)))
    }
}

/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;
/// The characters of a recovery code: Crockford's, which cannot be mistaken for each other.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of a recovery code behind its number: 80 bits.
const RECOVERY_LENGTH: usize = 16;

/// Ten codes for the day on which the phone is lost. Kept are hashes, under the number each code begins with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecoveryCodes {
    /// Whose.
    pub user: UserId,
    /// The pepper of the hashes.
    pepper: String,
    /// Since when.
    pub created_at: Time,
    /// PHC strings, by number.
    hashes: Vec<String>,
    /// A bit for each that was used.
    used: u32,
}

impl RecoveryCodes {
    /// Where a person's codes are.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "FACTOR#RECOVERY")
    }

    /// Ten new ones, as they are shown once, and as they are kept. Hashing them takes 140 ms.
    ///
    /// # Errors
    /// An internal [`Problem`] if there is no memory to hash.
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

    /// How many are left.
    #[must_use]
    pub fn left(&self) -> usize {
        (0..self.hashes.len()).filter(|number| self.unused(*number).is_some()).count()
    }

    fn unused(&self, number: usize) -> Option<&String> {
        self.hashes.get(number).filter(|_| self.used & bit(number) == 0)
    }

    /// Judges a code, in any case and with or without its hyphens.
    ///
    /// # Errors
    /// [`Kind::CodeInvalid`]
    pub async fn check(&self, hasher: &Hasher, code: &str) -> Result<RecoveryCode, Problem> {
        let (number, text) = RecoveryCode::parse(code).unwrap_or((RECOVERY_CODES, String::new()));
        let hash = self.unused(number).map(|phc| PasswordHash { user: self.user, phc: phc.clone(), pepper: self.pepper.clone() });
        match hasher.verify(hash.as_ref(), &Secret::new(text)).await? {
            Verdict::Right | Verdict::Outdated => Ok(RecoveryCode { user: self.user, used: self.used, number }),
            Verdict::Wrong => Err(Kind::CodeInvalid.into()),
        }
    }
}

fn bit(number: usize) -> u32 {
    u32::try_from(number).ok().and_then(|n| 1_u32.checked_shl(n)).unwrap_or(0)
}

impl Item for RecoveryCodes {
    const KIND: &'static str = "recovery_codes";
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
}

/// A recovery code that was right.
#[derive(Clone, Debug)]
pub struct RecoveryCode {
    user: UserId,
    used: u32,
    number: usize,
}

impl RecoveryCode {
    /// Whether a text looks like one: two digits and sixteen characters of the alphabet.
    #[must_use]
    pub fn looks_like_one(text: &str) -> bool {
        Self::parse(text).is_some()
    }

    fn parse(text: &str) -> Option<(usize, String)> {
        // As people read them: Crockford's alphabet has no letters that look like digits.
        let read = |c: char| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            c => c,
        };
        let plain: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').map(read).collect();
        let (number, code) = plain.split_at_checked(2)?;
        let number = number.parse::<usize>().ok().filter(|n| *n < RECOVERY_CODES)?;
        let right = code.len() == RECOVERY_LENGTH && code.bytes().all(|b| ALPHABET.contains(&b));
        right.then(|| (number, code.to_owned()))
    }

    /// Adds its use to a transaction. The slot is refused if it, or another one, was used meanwhile.
    pub fn spend(&self, tx: &mut Tx) -> Slot {
        let spend = Update::of(RecoveryCodes::key_of(self.user)).set("used", self.used | bit(self.number));
        tx.update(spend.when(field("used").eq(self.used)))
    }
}

/// What is checked at second factors of one account, right or wrong, whatever flow it comes through.
#[derive(Clone, Debug)]
pub struct Checks {
    day: Limit,
    app: Limit,
    user: UserId,
}

/// How long wrong codes in a row are remembered after the last of them.
const MEMORY: Duration = Duration::from_secs(365 * 24 * 3600);
/// The factors whose codes can be guessed at.
const GUESSED: [Factor; 3] = [Factor::App, Factor::Email, Factor::Sms];

impl Checks {
    /// Of this person: twenty failures a day, five at the app before a pause of a quarter of an hour, and a hundred at a factor's codes
    /// with no right one between them.
    #[must_use]
    pub fn of(user: UserId) -> Self {
        Self {
            day: Limit::new("factor_day", user, 20, Duration::from_secs(24 * 3600)),
            app: Limit::new("factor_app", user, 5, Duration::from_secs(900)).pausing(),
            user,
        }
    }

    fn in_a_row(&self, factor: Factor) -> Limit {
        let name = match factor {
            Factor::App => "app",
            Factor::Email => "email",
            _ => "sms",
        };
        Limit::new(IN_A_ROW, format!("{} {name}", self.user), 100, MEMORY).pausing()
    }

    /// What a check of this factor counts for. Signatures cannot be guessed, and anybody can name anybody's passkeys: counting
    /// those would let strangers lock people out.
    fn limits(&self, factor: Factor) -> Vec<Limit> {
        match factor {
            Factor::Passkey => Vec::new(),
            Factor::App => vec![self.day.clone(), self.in_a_row(factor), self.app.clone()],
            Factor::Email | Factor::Sms => vec![self.day.clone(), self.in_a_row(factor)],
            Factor::Password | Factor::RecoveryCode => vec![self.day.clone()],
        }
    }

    /// Counts a check before it is judged.
    ///
    /// # Errors
    /// [`Kind::FactorLocked`] after a hundred failures in a row, until a recovery code or a passkey is right or the password is reset;
    /// [`Kind::TooManyRequests`]
    pub async fn take(&self, table: &Table, now: Time, factor: Factor) -> Result<(), Problem> {
        match limits::take_together(table, now, &self.limits(factor)).await {
            Err(LimitError::Reached(reached)) if reached.name == IN_A_ROW => Err(Kind::FactorLocked.into()),
            taken => Ok(taken?),
        }
    }

    /// Adds to a transaction that a check succeeded: what failed before does not count any more. What a message brings clears itself
    /// alone: whoever reads somebody's mail could otherwise guess at the app without end.
    pub fn forget(&self, tx: &mut Tx, factor: Factor) {
        match factor {
            Factor::Email | Factor::Sms => {
                tx.delete(self.in_a_row(factor).key());
            }
            Factor::App | Factor::Password => {
                for limit in self.limits(factor) {
                    tx.delete(limit.key());
                }
            }
            Factor::RecoveryCode | Factor::Passkey => {
                tx.delete(self.day.key());
                self.unlock(tx);
            }
        }
    }

    /// Takes back what a right answer counted for the day, where the day was not forgotten for it, as well as can be.
    pub async fn give_back(&self, table: &Table) {
        limits::give_all_back(table, [&self.day]).await;
    }

    /// Adds to a transaction that codes may be tried again, however many were wrong.
    pub fn unlock(&self, tx: &mut Tx) {
        for factor in GUESSED {
            tx.delete(self.in_a_row(factor).key());
        }
    }
}

const IN_A_ROW: &str = "factor_in_a_row";

/// Adds to a transaction everything that turns second factors off.
pub fn erase(tx: &mut Tx, user: &User) {
    tx.delete(AppFactor::key_of(user.id));
    tx.delete(RecoveryCodes::key_of(user.id));
}

#[cfg(test)]
mod tests {
    use kernel::Env;

    use super::*;

    fn env() -> Env {
        let vars = [("FACTOR_KEYS", "a:p8Jw2nQ7sT4vX9zB1dF6gH3kL5mN0rYc"), ("PEPPER", "1:Zc4nV8mQ1wE6rT3yU7iO9pA2sD5fG0hJ")];
        vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn a_code_is_good_around_its_step_and_never_again() {
        let sys = Sys::real();
        let keys = env().read(|r| FactorKeys::read(r, &sys)).unwrap();
        let seed = Seed::draw(&sys);
        let app = AppFactor::new(&keys, sys.id(), &seed, sys.now()).unwrap();
        let now = Time::from_millis(1_893_456_000_000 + 10_000);
        let code = |at: Time| seed.builder().build().unwrap().generate(u64::try_from(at.seconds()).unwrap()).to_string();
        let step = Duration::from_secs(30);
        for good in [now - step, now, now + step] {
            assert!(app.check(&keys, &code(good), now).is_ok());
        }
        for bad in [now - step * 2, now + step * 2] {
            assert!(app.check(&keys, &code(bad), now).is_err());
        }
        let used = app.clone().proven(&app.check(&keys, &code(now), now).unwrap());
        assert!(used.check(&keys, &code(now), now).is_err() && used.check(&keys, &code(now - step), now).is_err());
        assert!(used.check(&keys, &code(now + step), now).is_ok());
        assert!(["", "12345", "abcdef", "1234567"].iter().all(|bad| app.check(&keys, bad, now).is_err()));
        let stranger = AppFactor { user: sys.id(), ..app };
        assert!(stranger.seed(&keys).is_err(), "a seed is bound to its person");
    }

    #[test]
    fn a_seed_reads_as_apps_take_it() {
        let seed = Seed(Secret::new(*b"12345678901234567890"));
        assert_eq!(seed.readable(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        let uri = seed.uri("anna@example.test").unwrap();
        assert!(uri.starts_with("otpauth://totp/Stoa:anna%40example.test?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{uri}");
        // RFC 6238, appendix B, its last six digits.
        assert_eq!(seed.step("287082", Time::from_millis(59_000)), Some(1));
    }

    #[tokio::test]
    async fn recovery_codes_are_read_as_people_write_them() {
        let sys = Sys::real();
        let hasher = env().read(|r| Hasher::read(r, &sys)).unwrap();
        let (shown, kept) = RecoveryCodes::draw(&sys, &hasher, sys.id()).await.unwrap();
        assert_eq!((shown.len(), kept.left()), (10, 10));
        let stored = serde_json::to_string(&kept).unwrap();
        assert!(shown.iter().all(|code| !stored.contains(&code[3..7])), "only hashes are kept");
        let spaced = shown[3].to_uppercase().replace('-', " ");
        assert!(kept.check(&hasher, &spaced).await.is_ok());
        let other = format!("04{}", &shown[3][2..]);
        assert!(kept.check(&hasher, &other).await.is_err());
        for bad in ["", "03", "99-0000-0000-0000-0000", "03-uuuu-uuuu-uuuu-uuuu", "żż-0000-0000-0000-0000"] {
            assert!(!RecoveryCode::looks_like_one(bad), "{bad}");
            assert!(kept.check(&hasher, bad).await.is_err());
        }
    }
}
