//! Events about files that people upload and download.

use kernel::id::{AttachmentId, ExportId, PictureId, UserId};

crate::event::events! {
    /// Files are in no message any more: the message, its room or its author was deleted. Their objects are to be deleted.
    AttachmentsDropped {
        /// The files, at most a hundred.
        attachments: Vec<AttachmentId>,
    }
    /// A profile picture was replaced or removed: its files are to be deleted.
    PictureRetired {
        /// The former owner.
        user: UserId,
        /// The picture.
        picture: PictureId,
    }
    /// A user asked for an archive of everything that is stored about them.
    ExportRequested {
        /// The user.
        user: UserId,
        /// The archive to make.
        export: ExportId,
    }
}
