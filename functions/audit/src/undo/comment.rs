//! Undoing a moderator's change of a comment on a product. Like the change itself, it is refused for the caller's own comment, and for a
//! comment of somebody with a role as high as the caller's.

use accounts::{
    audit::Action,
    staff::{Actor, Roles},
    undo::{Field, Obstacle},
};
use commerce::{
    comment::{Comment, OnProduct},
    text::CommentText,
};
use kernel::{
    Problem,
    audit::{AuditValue, Auditable as _},
};
use store::{Table, Tx};

use super::{
    planned::{Allowed, MakeEntry, Planned, impossible_value},
    recorded::{Changed, Recorded, text},
};

/// A comment, and whether the caller may change it.
pub struct Target {
    who: Actor,
    comment: Option<Comment>,
    may: bool,
}

impl Target {
    pub async fn read(table: &Table, entry: &Recorded, who: Actor) -> Result<Self, Problem> {
        let at = entry.about("product").zip(entry.about("comment")).map(|(product, comment)| OnProduct { product, comment });
        let comment = match at {
            Some(at) => table.get::<Comment>(Comment::key_of(at)).await?,
            None => None,
        };
        let may = match &comment {
            Some(comment) => {
                let roles = table.get::<Roles>(Roles::key_of(comment.author)).await?;
                who.may_change(&roles.unwrap_or_else(|| Roles::none(comment.author))).is_ok()
            }
            None => false,
        };
        Ok(Self { who, comment, may })
    }

    pub fn fields(&self, entry: &Recorded) -> Vec<Field> {
        let field = |changed: Changed| {
            let is_now = self.comment.as_ref().map_or(AuditValue::Nothing, |comment| comment.text.audited());
            let known = changed.name == "text" && former(&changed.was).is_some();
            let obstacle = match &self.comment {
                None => Some(Obstacle::Gone),
                Some(_) => (!known || !self.may).then_some(Obstacle::Never),
            };
            changed.field(is_now, obstacle)
        };
        entry.changes().into_iter().map(field).collect()
    }

    pub fn plan(self, s: &crate::State, tx: &mut Tx, entry: &MakeEntry<'_>, fields: &[&Field]) -> Result<Planned, Problem> {
        let comment = self.comment.ok_or_else(impossible_value)?;
        let was = fields.first().and_then(|field| former(&field.was)).ok_or_else(impossible_value)?;
        let same = comment.change(tx, &was, s.sys.now());
        let allowed = self.who.require(tx, comment.author);
        let entry = comment.audited(entry(Action::CommentChanged, comment.author)).changed("text", &comment.text, &was);
        Ok(Planned::new(entry, vec![same], Allowed::Above(allowed)))
    }
}

fn former(was: &AuditValue) -> Option<CommentText> {
    CommentText::parse(text(was)?).ok()
}
