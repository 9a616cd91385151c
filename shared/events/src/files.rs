//! Events about files that people upload and download.

use kernel::id::{AttachmentId, ExportId, PictureId, UserId};

crate::event::events! {
    /// Files are not in a message any more, because the message, its room or its author was deleted. Their objects have to be deleted.
    AttachmentsDropped r#"{"name":"attachments_dropped","attachments":["att_01K9ZC4QW8V3T6R1NHXJ5B2MDP"]}"# {
        /// The files, at most a hundred.
        attachments: Vec<AttachmentId>,
    }
    /// A profile picture was replaced or removed. Its files have to be deleted.
    PictureRetired r#"{"name":"picture_retired","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","picture":"pic_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"# {
        /// The former owner.
        user: UserId,
        /// The picture.
        picture: PictureId,
    }
    /// A user requested an export of their data.
    ExportRequested r#"{"name":"export_requested","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","export":"exp_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"# {
        /// The user.
        user: UserId,
        /// The export to make.
        export: ExportId,
    }
}
