# Личные страницы
account-nav = Ваш Concord ID
nav-home = Обзор
nav-links = Связанные аккаунты
nav-privacy = Приватность
nav-sessions = Устройства
nav-security = Безопасность
hello = Здравствуйте, { $name }
customer-id = Ваш номер клиента
customer-id-hint = Он не меняется, даже если сменится адрес. Это не секрет, по нему нельзя войти; его может спросить поддержка.
your-services = Ваши сервисы
no-services = Вы ещё не входили ни в один сервис через Concord.
account-linked = аккаунт связан
sign-in-only = только вход
last-used = Последний вход { $when }
disconnect = Отключить
see-all = Показать все
who-may-read = Кто что может видеть
all-consents = { $count ->
        [0] Приватность
        [one] Всего { $count } согласие
        [few] Все { $count } согласия
       *[many] Все { $count } согласий
    }
latest-decisions = Последние решения
no-decisions = Решений пока не было.
decision-given = согласие
decision-withdrawn = отозвано
decision-refused = отказ
decision-linked = связано
decision-link-ended = связь разорвана
session-count = { $count ->
        [1] Вы вошли только на этом устройстве.
        [one] Вы вошли на { $count } устройстве.
       *[many] Вы вошли на { $count } устройствах.
    }
see-sessions = Посмотреть устройства

# Связи
links-intro = Связанный аккаунт — это аккаунт в сервисе, о котором вы сказали, что он ваш.
no-links = Связанных аккаунтов нет. Связь начинается в сервисе: войдите туда и выберите «Подключить Concord».
link-active = работает
link-suspended = приостановлена
link-pending = завершается
link-disputed = проверяется
link-nobody-reads = другие сервисы ничего из него не видят
link-readers = данные видит: { $readers }
undo-until = Новая связь. Это были не вы? Отменить можно до { $time }.
undo = Отменить
end-link = Разорвать связь
connect-more = Можно подключить ещё
connect-hint = Подключение начинается в сервисе, чтобы обе стороны знали, что это вы.

# Приватность
privacy-title = Кто что видит
privacy-intro = Что каждый сервис может узнать о вас. Ничего другого Concord не передаёт.
privacy-table = Что может видеть каждый сервис, по темам
cell-nothing = ничего
cell-own = собственные данные
cell-needed = нужно для входа
cell-chosen = вы решили поделиться
cell-ends-soon = закончится в течение 30 дней
your-consents = Ваши согласия
no-consents = Ни один сервис не может ничего о вас узнать.
no-consents-given = Согласий, которые можно отозвать, пока нет.
withdraw-hint = Достаточно одного нажатия, действует через секунду. Прочитанное раньше сервис обязан удалить.
withdraw = Отозвать

# Завершение
end-link-title = Разорвать связь с «{ $service }»?
disconnect-title = Отключить «{ $service }»?
what-stops = Что прекратится
what-stays = Что останется
ending-link-signed-out = Через секунду вы выйдете из «{ $service }».
ending-link-sign-in = Вход через Concord больше не откроет этот аккаунт «{ $service }».
ending-service-signed-out = Через секунду вы выйдете из «{ $service }», и войти туда через Concord будет нельзя.
ending-service-reads = «{ $service }» больше ничего не узнает о вас от Concord.
ending-reader = «{ $reader }» больше не увидит ваши данные из «{ $service }».
ending-keeps-account = Ваш аккаунт в самом сервисе «{ $service }» и прежний способ входа в него.
ending-keeps-others = Другие ваши сервисы: для них ничего не изменится.
ending-again = Подключить можно снова, для этого понадобится новое согласие.
keep = Оставить

# Устройства
sessions-intro = Браузеры, в которых вы вошли в Concord.
this-browser = этот браузер
signed-in-on = вход { $when }
last-seen = последний раз { $when }
session-services = Используется для: { $services }
end-others = Выйти на всех других устройствах
no-other-sessions = Больше вы нигде не вошли.

# Безопасность
password-set-on = Задан { $date }.
set-password = Задать пароль
password-none = Пароля нет: вы входите по коду из письма.
contacts-title = Адреса и номера
verified-on = подтверждён { $date }
not-verified-yet = ещё не подтверждён
signs-you-in = для входа

# Сообщения после действия
notice-consent-withdrawn = Согласие отозвано. «{ $service }» больше этого не видит.
notice-link-ended = Связь с «{ $service }» разорвана.
notice-disconnected = Сервис «{ $service }» отключён.
notice-session-ended = Выход на том устройстве выполнен.
notice-others-ended = Вы вышли на всех других устройствах.
notice-password-set = Новый пароль уже действует.
notice-nickname-set = Хорошо, так и будем к вам обращаться.
notice-nothing-changed = Ничего не изменилось: это уже было сделано.

# Выход
sign-out-title = Выйти из Concord ID?
sign-out-services = Вы выйдете и из этих сервисов:
stay = Остаться
signed-out-title = Вы вышли
signed-out-services = Мы сообщили об этом сервисам:
signed-out-hint = На чужом компьютере закройте и браузер.
sign-in-again = Войти снова
sign-in-consent = Вход через Concord ID
sign-in-consent-why = чтобы впускать вас без отдельного пароля
unknown-browser = Браузер
