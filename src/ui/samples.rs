//! Every page with every sample: for the tests that render them all, and for screenshots.

use std::path::Path;

use super::frame::{Frame, Theme};
use super::page::{SAMPLE_NOW, Sample};
use super::{account, assets, consent, leave, link, mail, privacy, problems, reauth, register, sessions, sign_in, trouble};
use crate::protocol::locale::Locale;

/// Adds a page's samples under `area.page.variant`.
macro_rules! add {
    ($all:ident, $($name:literal: $page:ty),+ $(,)?) => {$(
        for (i, (variant, _)) in <$page>::samples(Locale::En).into_iter().enumerate() {
            $all.push(Sample {
                name: format!("{}.{variant}", $name),
                render: Box::new(move |f: &Frame| <$page>::samples(f.locale).get(i).map(|(_, page)| page.render(f)).unwrap_or_default()),
            });
        }
    )+};
}

/// Every sample of every page. A sample speaks the frame's language.
pub fn samples() -> Vec<Sample> {
    let mut all = Vec::new();
    add!(all,
        "sign-in.identifier": sign_in::Identifier,
        "sign-in.password": sign_in::Password,
        "sign-in.code": sign_in::Code,
        "sign-in.reauth": reauth::Reauth,
        "sign-in.select": reauth::SelectAccount,
        "register.email": register::RegisterEmail,
        "register.nickname": register::Nickname,
        "register.password": register::ChoosePassword,
        "link.link": link::Link,
        "link.refused": link::LinkRefused,
        "consent.consent": consent::Consent,
        "consent.agreement": consent::Agreement,
        "account.home": account::Home,
        "account.links": account::Links,
        "account.privacy": privacy::Privacy,
        "account.ending": privacy::ConfirmEnding,
        "account.sessions": sessions::Sessions,
        "account.security": sessions::Security,
        "leave.sign-out": leave::SignOut,
        "leave.signed-out": leave::SignedOut,
        "trouble.error": trouble::ErrorPage,
        "trouble.problems": problems::Problems,
        "trouble.elsewhere": trouble::ContinueElsewhere,
        "trouble.finished": trouble::AlreadyFinished,
        "trouble.form-post": trouble::FormPost,
    );
    #[cfg(feature = "demo")]
    {
        use super::demo;
        add!(all,
            "demo.hub": demo::Hub,
            "demo.simulated": demo::Simulated,
            "demo.home": demo::PartnerHome,
            "demo.account": demo::PartnerAccount,
        );
    }
    all
}

/// A frame for samples: somebody on the way to the cinema.
pub(super) fn frame(locale: Locale, theme: Theme) -> Frame {
    Frame {
        locale,
        theme,
        issuer_host: "id.localhost:8080".into(),
        path: "/flow/flw_01?step=1".into(),
        csrf: "csrf-of-the-sample".into(),
        signed_in_as: Some("a•••k@e•••.com".into()),
        client: Some(link::kinograd(locale)),
        request_id: "req_01HZX4M0T7".into(),
        now: SAMPLE_NOW,
        utc_offset_minutes: 0,
    }
}

/// Writes every sample in each language and in light and dark as `<name>.<locale>.<theme>.html` into `dir`, the files
/// they need beside them, and every mail as text; answers how many pages there are.
pub fn write_samples(dir: &Path) -> std::io::Result<usize> {
    std::fs::create_dir_all(dir.join("assets"))?;
    for (url, bytes) in assets::all() {
        std::fs::write(dir.join(url.trim_start_matches('/')), bytes)?;
    }
    let mut count = 0;
    for sample in samples() {
        for locale in Locale::ALL {
            for theme in [Theme::Light, Theme::Dark] {
                let html = (sample.render)(&frame(locale, theme)).replace("=\"/assets/", "=\"assets/");
                std::fs::write(dir.join(format!("{}.{}.{}.html", sample.name, locale.as_str(), theme.as_str())), html)?;
                count += 1;
            }
        }
    }
    for locale in Locale::ALL {
        let head = mail::Letterhead { locale, issuer_host: "id.localhost".into(), utc_offset_minutes: 0 };
        for (name, subject, body) in mail::samples(&head) {
            std::fs::write(dir.join(format!("mail.{name}.{}.txt", locale.as_str())), format!("{subject}\n\n{body}"))?;
        }
    }
    Ok(count)
}
