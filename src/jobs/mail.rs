//! Notices as mails: the business says what, ui words it.

use crate::model::notice::{About, Notice};
use crate::outbound::mail::Mail;
use crate::ui::mail::{ConsentWithdrawn, Letterhead, LinkActivated, OneTimeCode, PasswordChanged};
use crate::usecases::Core;

/// The mail that tells a notice, in its reader's language; times are in UTC, because nobody told us theirs.
pub(super) fn render(core: &Core, notice: &Notice) -> Mail {
    let locale = notice.locale;
    let issuer = &core.config.issuer;
    let head = Letterhead { locale, issuer_host: issuer.authority().to_owned(), utc_offset_minutes: 0 };
    let (subject, body) = match notice.about.clone() {
        About::OneTimeCode { code, valid_minutes, service } => {
            let service = service.map(|name| name.get(locale).to_owned());
            let mail = OneTimeCode { code, valid_minutes, service };
            (mail.subject(&head), mail.body(&head))
        }
        About::LinkActivated { service, local_account, at, undo_until } => {
            let service = service.get(locale).to_owned();
            let mail = LinkActivated { service, local_account, at, undo_until, undo_url: issuer.join("/account/links") };
            (mail.subject(&head), mail.body(&head))
        }
        About::ConsentWithdrawn { service, what, at } => {
            let (service, what) = (service.get(locale).to_owned(), what.get(locale).to_owned());
            let mail = ConsentWithdrawn { service, what, at, privacy_url: issuer.join("/account/privacy") };
            (mail.subject(&head), mail.body(&head))
        }
        About::PasswordChanged { device, at } => {
            let mail = PasswordChanged { device, at, sessions_url: issuer.join("/account/sessions") };
            (mail.subject(&head), mail.body(&head))
        }
    };
    Mail { to: notice.to.clone(), subject, body }
}
