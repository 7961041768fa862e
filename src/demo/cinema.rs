//! Kinograd: a cinema where new people come through Concord, and old ticket buyers keep their own login.

use futures_util::future::BoxFuture;

use super::party::say;
use super::people::LocalCustomer;
use super::site::{Partner, Site, Visit};
use crate::protocol::locale::Locale;
use crate::ui::demo::{Panel, PanelContents};

/// The cinema.
pub struct Cinema;

/// What is on tonight: the same for everybody, so nobody is asked for anything.
const TONIGHT: [([&str; 3], &str); 3] = [
    (["Маяк за Полярным кругом", "The Lighthouse Beyond the Circle", "极圈灯塔"], "18:20"),
    (["Третий переулок", "Third Lane", "第三条小巷"], "20:00"),
    (["Оркестр без дирижёра", "An Orchestra Without a Conductor", "没有指挥的乐团"], "21:45"),
];

impl Partner for Cinema {
    fn domain(&self, locale: Locale) -> String {
        say(locale, ["кино", "media", "影音"]).to_owned()
    }

    fn tagline(&self, locale: Locale) -> &'static str {
        say(locale, ["Двенадцать залов и ни одного плохого места.", "Twelve screens, and not one bad seat.", "十二个影厅，座座皆佳。"])
    }

    fn about(&self, locale: Locale, customers: usize) -> String {
        match locale {
            Locale::Ru => format!("Своих зрителей: {customers}. Новые могут прийти через Concord."),
            Locale::En => format!("{customers} ticket buyers of its own. New people may come through Concord."),
            Locale::Zh => format!("自有观众 {customers} 位。新用户可以通过 Concord 加入。"),
        }
    }

    fn facts(&self, customer: &LocalCustomer, locale: Locale) -> Vec<(String, String)> {
        let tickets = if customer.login.is_some() { customer.amount / 100 } else { 0 };
        vec![(say(locale, ["Билетов куплено", "Tickets bought", "已购影票"]).to_owned(), tickets.to_string())]
    }

    fn panels<'a>(&'a self, _site: &'a Site, visit: &'a mut Visit) -> BoxFuture<'a, Vec<Panel>> {
        let locale = visit.locale;
        Box::pin(async move {
            let rows = TONIGHT.iter().map(|(film, at)| (say(locale, *film).to_owned(), (*at).to_owned()));
            vec![Panel {
                id: "tonight".to_owned(),
                title: say(locale, ["Сегодня вечером", "Tonight", "今晚"]).to_owned(),
                from: None,
                contents: PanelContents::Rows(rows.collect()),
            }]
        })
    }
}
