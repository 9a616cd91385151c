//! Passwords: the policy for new ones, and their hashes.
//!
//! Exactly what was typed is hashed, without trimming, folding or normalising: with HMAC-SHA-256 under a pepper, and then with
//! Argon2id at 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet).

use accounts::{
    Keyring,
    identifier::{Email, PersonName, Phone, Username},
    token::Method,
    user::{PasswordHash, User},
};
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use callers::Member;
use futures_util::join;
use kernel::{Client, FieldError, Kind, Problem, Secret, Sys, Time, crypto::hmac_sha256, env::Reader, id::UserId};
use store::{
    Table, Tx,
    limits::{self, Limit, Quota},
};

use crate::{
    breached::Breached,
    common::common,
    gate,
    guessable::guessable,
    guesses::{self, PasswordCooldown},
};

/// The maximum number of bytes of a password. Longer ones are refused and never truncated.
pub const MAX_BYTES: usize = 1024;
/// The maximum number of characters of a password.
pub const MAX_CHARS: usize = 128;
/// The limit on wrong passwords that signed-in clients of one account enter.
const WRONG: Quota = PasswordCooldown::DEFAULT.quota("password_demand", "wrong passwords of an account");
/// The limits of an operation that takes the current password: see [`demand`].
pub const DEMANDS: [Quota; 3] = [WRONG, guesses::CLIENT, guesses::CLIENT_DAY];

/// The rules for new passwords.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "five independent switches")]
pub struct Policy {
    min_length: usize,
    upper: bool,
    lower: bool,
    digit: bool,
    symbol: bool,
}

impl Policy {
    /// Reads the five rules: `PASSWORD_MIN_LENGTH` (12; at least 8) and `PASSWORD_UPPER`, `_LOWER`, `_DIGIT`, `_SYMBOL` (off).
    pub fn read(r: &mut Reader<'_>) -> Self {
        let min_length = r.or("PASSWORD_MIN_LENGTH", 12);
        if !(8..=MAX_CHARS).contains(&min_length) {
            r.wrong(format!("PASSWORD_MIN_LENGTH must be from 8 to {MAX_CHARS}"));
        }
        Self {
            min_length,
            upper: r.or("PASSWORD_UPPER", false),
            lower: r.or("PASSWORD_LOWER", false),
            digit: r.or("PASSWORD_DIGIT", false),
            symbol: r.or("PASSWORD_SYMBOL", false),
        }
    }

    /// Returns the rules of the policy about the characters of a password, each with whether `text` follows it.
    fn shape(&self, text: &str) -> impl Iterator<Item = (bool, FieldError)> {
        let needs = |on: bool, one: fn(char) -> bool, error| on.then(|| (text.chars().any(one), error));
        let rules = [
            Some((text.chars().count() >= self.min_length, FieldError::TOO_SHORT.with("min", self.min_length))),
            needs(self.upper, char::is_uppercase, FieldError::PASSWORD_UPPER),
            needs(self.lower, char::is_lowercase, FieldError::PASSWORD_LOWER),
            needs(self.digit, char::is_numeric, FieldError::PASSWORD_DIGIT),
            needs(self.symbol, |c| !c.is_alphanumeric(), FieldError::PASSWORD_SYMBOL),
        ];
        rules.into_iter().flatten()
    }

    /// Checks a new password of this person.
    ///
    /// # Errors
    /// Every broken rule.
    pub fn check(&self, password: &Secret, personal: Personal<'_>) -> Result<(), Vec<FieldError>> {
        let text = password.expose();
        let length = text.chars().count();
        let mut errors: Vec<FieldError> = self.shape(text).filter(|(holds, _)| !holds).map(|(_, error)| error).collect();
        let mut rule = |holds: bool, error: FieldError| {
            if !holds {
                errors.push(error);
            }
        };
        rule(length <= MAX_CHARS && text.len() <= MAX_BYTES, FieldError::TOO_LONG.with("max", MAX_CHARS));
        // A password that is too long is refused anyway, so the expensive rules are skipped.
        rule(text.len() > MAX_BYTES || !(common(text) || guessable(text)), FieldError::PASSWORD_COMMON);
        rule(!personal.is_in(text), FieldError::PASSWORD_PERSONAL);
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// Checks new passwords by the policy, and by whether they are known from a breach.
#[derive(Clone)]
pub struct PasswordChecker {
    policy: Policy,
    breached: Option<Breached>,
}

impl PasswordChecker {
    /// Reads the [`Policy`] and `BREACHED_PASSWORDS_URL`, the service for breached passwords. Without it no service is used.
    pub fn read(r: &mut Reader<'_>) -> Self {
        Self { policy: Policy::read(r), breached: Breached::read(r) }
    }

    /// Returns the rules that can be shown before a password is chosen: the rules of this deployment about its characters, and that it must
    /// not contain personal data.
    #[must_use]
    pub fn rules(&self) -> Vec<FieldError> {
        let personal = [FieldError::PASSWORD_PERSONAL];
        self.policy.shape("").map(|(_, rule)| rule).chain(personal).collect()
    }

    /// Like [`Policy::check`], with at most one request to the service, which has one second to answer. If it does not answer, the
    /// policy alone counts. The caller limits how often this is called, because the service is external.
    ///
    /// # Errors
    /// Every broken rule.
    pub async fn check(&self, password: &Secret, personal: Personal<'_>) -> Result<(), Vec<FieldError>> {
        let mut errors = self.policy.check(password, personal).err().unwrap_or_default();
        if let Some(breached) = &self.breached
            && password.expose().len() <= MAX_BYTES
            && breached.knows(password).await
        {
            errors.push(FieldError::PASSWORD_BREACHED);
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// The names, the address and the number of a person, which their password must not contain.
#[derive(Clone, Copy, Debug, Default)]
pub struct Personal<'a> {
    /// The username.
    pub username: Option<&'a Username>,
    /// The first name.
    pub first_name: Option<&'a PersonName>,
    /// The last name.
    pub last_name: Option<&'a PersonName>,
    /// The address: the whole one, and the part before the `@`.
    pub email: Option<&'a Email>,
    /// The number, with or without the country's calling code.
    pub phone: Option<&'a Phone>,
}

impl<'a> Personal<'a> {
    /// Returns the data of a person.
    #[must_use]
    pub const fn of(user: &'a User) -> Self {
        Self {
            username: Some(&user.username),
            first_name: user.first_name.as_ref(),
            last_name: user.last_name.as_ref(),
            email: user.email.as_ref(),
            phone: user.phone.as_ref(),
        }
    }

    /// Returns whether a password contains one of the values. Words shorter than four characters count only if the password has no other
    /// letters.
    fn is_in(&self, password: &str) -> bool {
        let names = [self.first_name, self.last_name].into_iter().flatten().map(AsRef::as_ref);
        let email: &str = self.email.map_or("", AsRef::as_ref);
        let words = names.chain(self.username.map(AsRef::as_ref)).chain([email, email.split('@').next().unwrap_or_default()]);
        let text = password.to_lowercase();
        let letters: String = text.chars().filter(|c| c.is_alphabetic()).collect();
        let says = |word: String| match word.chars().count() {
            0 => false,
            1..4 => !letters.is_empty() && letters.replace(&word, "").is_empty(),
            _ => text.contains(&word),
        };
        let word = words.map(str::to_lowercase).any(says);
        // Digits in any grouping.
        let digits: String = password.chars().filter(char::is_ascii_digit).collect();
        word || self.phone.is_some_and(|phone| digits.contains(phone.national()))
    }
}

/// Hashes and verifies passwords.
#[derive(Clone)]
pub struct Hasher {
    peppers: Keyring,
    sys: Sys,
    #[cfg(test)]
    compared: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

/// The result of verifying a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password is right.
    Right,
    /// The password is right, but its hash has old parameters or an old pepper: store a new one.
    Outdated,
    /// The password is wrong, or there is no hash.
    Wrong,
}

impl Hasher {
    /// Creates a hasher with these peppers. The current one is used for new hashes.
    pub(crate) fn new(peppers: Keyring, sys: &Sys) -> Self {
        Self {
            peppers,
            sys: sys.clone(),
            #[cfg(test)]
            compared: std::sync::Arc::default(),
        }
    }

    /// Hashes a password of a person.
    ///
    /// # Errors
    /// An internal [`Problem`] if there is not enough memory.
    pub async fn hash(&self, user: UserId, password: &Secret) -> Result<PasswordHash, Problem> {
        let (pepper, key) = self.peppers.current();
        let input = peppered(key, password);
        let salt: [u8; 16] = self.sys.bytes();
        let phc = blocking(move || argon2().hash_password_with_salt(&input, &salt).map(|h| h.to_string())).await?;
        Ok(PasswordHash { user, phc: phc.map_err(|e| Problem::internal(e.to_string()))?, pepper: pepper.to_owned() })
    }

    /// Verifies a password. If there is no hash, because there is no such account, the same work is done, so that the response time does
    /// not reveal it.
    ///
    /// # Errors
    /// An internal [`Problem`] if there is not enough memory.
    pub async fn verify(&self, hash: Option<&PasswordHash>, password: &Secret) -> Result<Verdict, Problem> {
        let (current, key) = self.peppers.current();
        // The comparison is always made, and its result is ignored if there is no hash.
        let (phc, key) = hash.map_or((NOBODY, key), |h| (&h.phc, self.peppers.get(&h.pepper).unwrap_or(key)));
        let right = self.compare(phc.to_owned(), peppered(key, password)).await?;
        Ok(match hash {
            Some(h) if right && h.pepper == current && h.phc.contains(PARAMETERS) => Verdict::Right,
            Some(_) if right => Verdict::Outdated,
            _ => Verdict::Wrong,
        })
    }

    /// Computes a hash and compares it.
    async fn compare(&self, phc: String, input: [u8; 32]) -> Result<bool, Problem> {
        let compared = blocking(move || Argon2::default().verify_password(&input, phc.as_str())).await?;
        #[cfg(test)]
        if matches!(compared, Ok(()) | Err(argon2::password_hash::Error::PasswordInvalid)) {
            self.compared.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        Ok(compared.is_ok())
    }
}

/// Requires the current password of a [`callers::Fresh`] caller who has one, for changes that a session alone must not allow. The password
/// may be absent if the step-up has just proven it. After too many wrong passwords there is a pause. A right one resets the counter in the
/// transaction. The client's guesses count as at a sign-in. A refused request is not counted.
///
/// A read of the password, which is returned; if it is compared with three counters; two updates of counters before it is compared; updates
/// that give both back if it was right, or that count the failure of the client and for the [gate](crate::gate) if it was wrong.
///
/// # Errors
/// [`Kind::PasswordWrong`] or [`Kind::TooManyRequests`]
pub async fn demand(
    table: &Table,
    hasher: &Hasher,
    cooldown: PasswordCooldown,
    tx: &mut Tx,
    client: &Client,
    member: &Member,
    given: Option<&Secret>,
) -> Result<Option<PasswordHash>, Problem> {
    let now = table.sys().now();
    compare(table, now, hasher, cooldown, client, member, given).await?.settle(table, now, tx, client).await
}

/// The result of comparing a current password. It has to be settled or given back.
#[must_use]
pub enum Demanded {
    /// The person has no password.
    None,
    /// The step-up has just proven it.
    Proven(Option<PasswordHash>),
    /// The password is right.
    Right(PasswordHash, [Limit; 2]),
    /// The password is wrong or absent.
    Wrong(WrongPassword),
}

/// The counts of a wrong password.
pub struct WrongPassword {
    attempts: [Limit; 2],
    day: Limit,
}

impl WrongPassword {
    /// Gives back the counted attempts, because the password was not a guess. Best effort.
    pub async fn give_back(&self, table: &Table) {
        limits::give_all_back(table, &self.attempts).await;
    }
}

impl Demanded {
    /// Counts a wrong password as a failure, or resets the attempts before a right one in the transaction.
    ///
    /// # Errors
    /// [`Kind::PasswordWrong`]
    pub async fn settle(self, table: &Table, now: Time, tx: &mut Tx, client: &Client) -> Result<Option<PasswordHash>, Problem> {
        match self {
            Self::None => Ok(None),
            Self::Proven(hash) => Ok(hash),
            Self::Right(hash, attempts) => {
                let [at_account, _] = &attempts;
                tx.delete(at_account.key());
                // A right password was not a guess, even if the change fails.
                limits::give_all_back(table, &attempts).await;
                Ok(Some(hash))
            }
            Self::Wrong(WrongPassword { day, .. }) => {
                let day = [day];
                let (counted, ()) = join!(limits::record(table, now, &day), gate::failed(table, now, client));
                counted?;
                Err(Kind::PasswordWrong.because("the current password is wrong"))
            }
        }
    }
}

/// Returns the first half of [`demand`]: counts the attempt and compares the password.
///
/// # Errors
/// [`Kind::TooManyRequests`]
pub async fn compare(
    table: &Table,
    now: Time,
    hasher: &Hasher,
    cooldown: PasswordCooldown,
    client: &Client,
    member: &Member,
    given: Option<&Secret>,
) -> Result<Demanded, Problem> {
    let user = &member.user;
    if !user.has_password {
        return Ok(Demanded::None);
    }
    if given.is_none() && member.stepped_up_with(Method::Pwd) {
        return Ok(Demanded::Proven(table.get(PasswordHash::key_of(user.id)).await?));
    }
    let at_account = cooldown.of(WRONG).of(user.id);
    let (by_client, day) = (guesses::of_client(client), guesses::of_client_in_a_day(client));
    let hash = PasswordHash::key_of(user.id);
    let mut found = table.get_many(vec![hash.clone(), at_account.key(), by_client.key(), day.key()]).await?;
    let attempts = [at_account.read(&mut found, now)?, by_client.read(&mut found, now)?];
    let day = day.read(&mut found, now)?;
    limits::judge(now, attempts.iter().chain([&day]))?;
    limits::take_together(table, now, &attempts).await?;
    let hash = found.take::<PasswordHash>(&hash)?;
    let right = match given.filter(|p| p.expose().len() <= MAX_BYTES) {
        Some(given) => hasher.verify(hash.as_ref(), given).await? != Verdict::Wrong,
        None => false,
    };
    Ok(match hash.filter(|_| right) {
        Some(hash) => Demanded::Right(hash, attempts),
        None => Demanded::Wrong(WrongPassword { attempts, day }),
    })
}

/// The current parameters in a PHC string.
const PARAMETERS: &str = "$argon2id$v=19$m=19456,t=2,p=1$";
/// A hash without a known password, with the current parameters.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

fn peppered(pepper: &Secret, password: &Secret) -> [u8; 32] {
    hmac_sha256(pepper.expose().as_bytes(), &[password.expose().as_bytes()])
}

/// Hashing takes 14 ms of CPU time. It runs on another thread, so that concurrent requests of the local cloud do not wait.
async fn blocking<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(f).await.map_err(Problem::internal)
}

#[cfg(test)]
mod tests {
    use kernel::Env;

    use super::*;

    fn env(vars: &[(&str, &str)]) -> Env {
        vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    const OLD: (&str, &str) = ("1", "p8Jw2nQ7sT4vX9zB1dF6gH3kL5mN0rYc");
    const NEW: (&str, &str) = ("2", "Zc4nV8mQ1wE6rT3yU7iO9pA2sD5fG0hJ");

    /// Returns a hasher with these peppers, the current one first.
    fn hasher(peppers: &[(&str, &str)], sys: &Sys) -> Hasher {
        Hasher::new(crate::identity_keys::ring(peppers), sys)
    }

    fn codes(policy: &Policy, password: &str) -> Vec<&'static str> {
        let (username, first_name) = (Username::parse("ana_nowak").unwrap(), PersonName::parse("Anna").unwrap());
        let (email, phone) = (Email::parse("ana.n@example.test").unwrap(), Phone::parse("+447700900123", "GB").unwrap());
        let ana = Personal {
            username: Some(&username),
            first_name: Some(&first_name),
            last_name: None,
            email: Some(&email),
            phone: Some(&phone),
        };
        policy.check(&Secret::new(password.to_owned()), ana).err().unwrap_or_default().iter().map(|e| e.code).collect()
    }

    #[test]
    fn all_broken_rules_are_returned_at_once() {
        let default = env(&[]).read(Policy::read).unwrap();
        let strict =
            env(&[("PASSWORD_UPPER", "true"), ("PASSWORD_LOWER", "true"), ("PASSWORD_DIGIT", "true"), ("PASSWORD_SYMBOL", "true")])
                .read(Policy::read)
                .unwrap();
        assert!(codes(&default, "tall giraffes dance").is_empty());
        assert_eq!(codes(&default, "tL9#vQ2x!m"), ["too_short"]);
        assert_eq!(codes(&default, &"zaq żółw 7".repeat(20)), ["too_long", "password_common"]);
        for own in ["xx ana_nowak yy 7", "+447700900123 giraffe", "447700900123 giraffe", "giraffe 07700 900 123", "tall-7700900123"] {
            assert_eq!(codes(&default, own), ["password_personal"], "{own}");
        }
        for own in ["447700900123", "07700900123"] {
            assert!(codes(&default, own).contains(&"password_personal"), "{own}");
        }
        assert!(codes(&default, "tall giraffes 07700 900 124").is_empty());
        let (username, text) = (Username::parse("ana").unwrap(), |text: &str| Secret::new(text.to_owned()));
        let short = Personal { username: Some(&username), ..Personal::default() };
        for (password, own) in
            [("ana-2019-05-17", true), ("Ana!Ana!81726", true), ("ananas and figs", false), ("82731 90466 1757 3829", false)]
        {
            let codes = default.check(&text(password), short).err().unwrap_or_default();
            assert_eq!(codes.iter().any(|e| e.code == "password_personal"), own, "{password}");
        }
        for own in ["tall annas dance", "ANA.N and giraffes", "my ana.n@example.test"] {
            assert_eq!(codes(&default, own), ["password_personal"], "{own}");
        }
        assert_eq!(codes(&strict, "żółwie"), ["too_short", "password_upper", "password_digit", "password_symbol"]);
        assert!(codes(&strict, "Tall \"giraffes\" 7").is_empty());
        assert!(env(&[("PASSWORD_MIN_LENGTH", "7")]).read(Policy::read).is_err());
    }

    #[tokio::test]
    async fn hashes_verify_and_old_ones_are_outdated_and_nothing_is_truncated() {
        let sys = Sys::real();
        let old = hasher(&[OLD], &sys);
        let new = hasher(&[NEW, OLD], &sys);
        let long = format!("{}A", "x".repeat(72));
        let twin = format!("{}B", "x".repeat(72));
        let hash = old.hash(sys.id(), &Secret::new(long.clone())).await.unwrap();
        assert!(hash.phc.starts_with(PARAMETERS), "{}", hash.phc);
        assert_eq!(old.verify(Some(&hash), &Secret::new(long.clone())).await.unwrap(), Verdict::Right);
        assert_eq!(old.verify(Some(&hash), &Secret::new(twin)).await.unwrap(), Verdict::Wrong);
        assert_eq!(new.verify(Some(&hash), &Secret::new(long.clone())).await.unwrap(), Verdict::Outdated);
        assert_eq!(new.verify(None, &Secret::new(long)).await.unwrap(), Verdict::Wrong);
    }

    /// The same work with the same parameters is done for names with and without an account.
    #[tokio::test]
    async fn names_without_an_account_cost_the_same_work() {
        assert!(NOBODY.starts_with(PARAMETERS));
        let sys = Sys::real();
        let hasher = hasher(&[OLD], &sys);
        let password = |text: &str| Secret::new(text.to_owned());
        let hash = hasher.hash(sys.id(), &password("tall giraffes dance")).await.unwrap();
        let broken = PasswordHash { phc: String::new(), ..hash.clone() };
        let mut seen = Vec::new();
        for (hash, text) in [(Some(&hash), "tall giraffes dance"), (Some(&hash), "wrong"), (None, "wrong"), (Some(&broken), "wrong")] {
            let before = hasher.compared.load(std::sync::atomic::Ordering::Relaxed);
            let verdict = hasher.verify(hash, &password(text)).await.unwrap();
            seen.push((verdict, hasher.compared.load(std::sync::atomic::Ordering::Relaxed) - before));
        }
        // The last one shows that the counter counts computations.
        assert_eq!(seen, [(Verdict::Right, 1), (Verdict::Wrong, 1), (Verdict::Wrong, 1), (Verdict::Wrong, 0)]);
    }
}
