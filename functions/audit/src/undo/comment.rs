//! Undoing that a moderator has changed a comment on a product.

use accounts::{
    audit::Action,
    staff::{self, Actor, Role},
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
    planned::{Allowed, MakeEntry, Planned, unfit},
    recorded::{Changed, Recorded, text},
};

/// A comment.
pub struct Target {
    who: Actor,
    comment: Option<Comment>,
}

impl Target {
    pub async fn read(table: &Table, entry: &Recorded, who: Actor) -> Result<Self, Problem> {
        let at = entry.about("product").zip(entry.about("comment")).map(|(product, comment)| OnProduct { product, comment });
        let comment = match at {
            Some(at) => table.get(Comment::key_of(at)).await?,
            None => None,
        };
        Ok(Self { who, comment })
    }

    pub fn fields(&self, entry: &Recorded) -> Vec<Field> {
        let field = |changed: Changed| {
            let is_now = self.comment.as_ref().map_or(AuditValue::Nothing, |comment| comment.text.audited());
            let known = changed.name == "text" && former(&changed.was).is_some();
            let obstacle = match &self.comment {
                None => Some(Obstacle::Gone),
                Some(_) => (!known).then_some(Obstacle::Never),
            };
            changed.field(is_now, obstacle)
        };
        entry.changes().into_iter().map(field).collect()
    }

    pub fn plan(self, s: &crate::State, tx: &mut Tx, entry: &MakeEntry<'_>, fields: &[&Field]) -> Result<Planned, Problem> {
        let comment = self.comment.ok_or_else(unfit)?;
        let was = fields.first().and_then(|field| former(&field.was)).ok_or_else(unfit)?;
        let same = comment.change(tx, &was, s.sys.now());
        let still = staff::require(tx, self.who.user, Role::Moderator);
        let entry = comment.audited(entry(Action::CommentChanged, comment.author)).changed("text", &comment.text, &was);
        Ok(Planned::new(entry, vec![same], Allowed::Role(still)))
    }
}

fn former(was: &AuditValue) -> Option<CommentText> {
    CommentText::parse(text(was)?).ok()
}
