//! Events about files that people upload and download.

use kernel::id::{AttachmentId, ExportId, PictureId, UserId};

crate::event::events! {
    /// Files are not in a message any more, because the message, its room or its author was deleted. Their objects have to be deleted.
    AttachmentsDropped {
        /// The files, at most a hundred.
        attachments: Vec<AttachmentId>,
    }
    /// A profile picture was replaced or removed. Its files have to be deleted.
    PictureRetired {
        /// The former owner.
        user: UserId,
        /// The picture.
        picture: PictureId,
    }
    /// A user requested an export of their data.
    ExportRequested {
        /// The user.
        user: UserId,
        /// The export to make.
        export: ExportId,
    }
}
