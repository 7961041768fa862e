//! What the protocol log says about a call, and what the demo only simulates, in the reader's language.

use super::party::{Party, say};
use super::tap::{Deed, Part};
use crate::protocol::locale::Locale;

/// Who does what to whom.
pub fn about(deed: Deed, from: Party, to: Party, locale: Locale) -> String {
    let (a, b) = (from.name(locale), to.name(locale));
    let sentence = match deed {
        Deed::Discovers => ["{a} читает, что умеет {b}", "{a} reads what {b} can do", "{a}读取{b}的元数据"],
        Deed::Keys => ["{a} читает ключи подписи", "{a} reads the signing keys", "{a}读取签名密钥"],
        Deed::Pushes => ["{a} передаёт запрос на вход напрямую", "{a} hands over a sign-in request directly", "{a}直接提交登录请求"],
        Deed::PushesLink => [
            "{a} передаёт запрос на связь счёта, подписанный своим ключом",
            "{a} hands over a request to connect an account, signed with its key",
            "{a}提交以自己密钥签名的账户关联请求",
        ],
        Deed::Authorizes => {
            ["Браузер приходит с номером запроса", "The browser arrives with the request's number", "浏览器携带请求编号到达"]
        }
        Deed::Returns => ["Браузер возвращается к: {b}", "The browser returns to {b}", "浏览器返回{b}"],
        Deed::Redeems => ["{a} обменивает код на токены", "{a} redeems the code for tokens", "{a}用授权码换取令牌"],
        Deed::Refreshes => ["{a} обновляет токены", "{a} refreshes its tokens", "{a}刷新令牌"],
        Deed::OwnToken => ["{a} берёт токен для себя", "{a} takes a token of its own", "{a}获取自己的令牌"],
        Deed::Userinfo => ["{a} спрашивает о человеке", "{a} asks about the person", "{a}查询用户信息"],
        Deed::Introspects => ["{a} спрашивает о токене", "{a} asks about a token", "{a}查询令牌"],
        Deed::Revokes => ["{a} возвращает токен", "{a} gives a token back", "{a}交还令牌"],
        Deed::Writes => ["{a} записывает, что знает о клиенте", "{a} writes what it knows about its customer", "{a}写入其客户的资料"],
        Deed::Calls => ["{a} обращается к: {b}", "{a} calls {b}", "{a}调用{b}"],
        Deed::Ends => ["{a} сообщает о выходе: {b}", "{a} tells {b} that a sign-in ended", "{a}通知{b}登录已结束"],
        Deed::Looks => ["{a} открывает страницу: {b}", "{a} opens a page of {b}", "{a}打开{b}的页面"],
        Deed::Sends => ["{a} отправляет форму: {b}", "{a} sends a form to {b}", "{a}向{b}提交表单"],
    };
    say(locale, sentence).replace("{a}", a).replace("{b}", b)
}

/// The title of a part.
pub fn title(part: &Part, locale: Locale) -> String {
    match part {
        Part::Sent => say(locale, ["Запрос", "Request", "请求"]).to_owned(),
        Part::Answered => say(locale, ["Ответ", "Answer", "响应"]).to_owned(),
        Part::Token(name) => name.clone(),
    }
}

/// What is simulated, and what is not: paragraphs.
pub fn simulated(locale: Locale) -> Vec<String> {
    let paragraphs: [[&str; 3]; 6] = [
        [
            "Concord настоящий: та же программа, та же база данных и те же проверки, что и в работе.",
            "Concord is the real one: the same program, database and checks as in production.",
            "Concord 是真实的：与生产环境相同的程序、数据库和校验。",
        ],
        [
            "Три сервиса выдуманы, но говорят с Concord только так, как может любой партнёр: по HTTP, своими ключами, \
             с проверкой подписей независимой библиотекой.",
            "The three services are invented, but they talk to Concord only as any partner can: over HTTP, with keys of their \
             own, verifying signatures with an independent library.",
            "三家服务是虚构的，但它们与 Concord 的交互方式和任何合作方一样：通过 HTTP、使用自己的密钥，并用独立的库验证签名。",
        ],
        [
            "Люди, счета, суммы и баллы выдуманы. Пароль у всех местных счетов одного сервиса один и тот же и написан рядом с формой входа.",
            "People, accounts, amounts and points are invented. All local accounts of a service share one password, written \
             beside its sign-in form.",
            "人物、账户、金额和积分均为虚构。同一服务的所有本地账户使用同一个密码，写在登录表单旁。",
        ],
        [
            "Письма никуда не уходят: они лежат в «Исходящих» на этой странице.",
            "No mail leaves this machine: all of them are in the outbox on the first page.",
            "邮件不会离开本机：它们都在首页的发件箱中。",
        ],
        [
            "Всё идёт по HTTP без шифрования и только внутри этой машины. В работе нужен HTTPS.",
            "Everything goes over plain HTTP and stays on this machine. Production needs HTTPS.",
            "所有通信都是本机内的明文 HTTP。生产环境必须使用 HTTPS。",
        ],
        [
            "«Стать кем-то» входит за вас с паролем этого человека через обычную страницу входа и передаёт сессию вашему браузеру. \
             Вне демонстрации такого нет.",
            "“Be somebody” signs in for you with that person's password at the ordinary page and hands the session to your \
             browser. There is no such thing outside the demo.",
            "“扮演某人”会用该人物的密码在普通登录页面代您登录，并把会话交给您的浏览器。演示之外没有此功能。",
        ],
    ];
    paragraphs.iter().map(|texts| say(locale, *texts).to_owned()).collect()
}

/// A number in groups of three digits, as the language writes it.
pub fn grouped(number: i64, locale: Locale) -> String {
    let mark = if locale == Locale::Ru { '\u{a0}' } else { ',' };
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(mark);
        }
        text.push(digit);
    }
    text
}
