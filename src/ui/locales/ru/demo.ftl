# Главная страница демонстрации
demo-name = Демо Concord
demo-local = только у вас
demo-hero = { $count ->
        [3] Одна экосистема, три сервиса, один вход
        [one] Одна экосистема, { $count } сервис, один вход
        [few] Одна экосистема, { $count } сервиса, один вход
       *[many] Одна экосистема, { $count } сервисов, один вход
    }
demo-intro = Каждый сервис ниже настоящий: со своими клиентами и своим входом. Часть клиентов — одни и те же люди, но они никогда не соглашались, чтобы один аккаунт работал в другом сервисе. С Concord они могут это разрешить и передумать.
demo-your-id = Ваш Concord ID
demo-your-id-text = Что связано, кто что видит и как это отозвать.
demo-try = Попробуйте
demo-done = Готово { $done } из { $all }
demo-step-done = Готово:
demo-sign-in-as = Местный аккаунт:
demo-try-register = Зарегистрируйтесь в «{ $service }» кнопкой «Войти через Concord» с любым адресом почты. Код придёт в исходящие.
demo-try-connect = Войдите в «{ $service }» с местным аккаунтом и подключите его к вашему Concord ID.
demo-try-connect-back = Сделайте то же в «{ $service }». Потом выйдите и вернитесь уже без пароля.
demo-try-share = Разрешите «{ $service }» видеть ваши баллы и посмотрите на токен в журнале.
demo-try-withdraw = Отзовите это в разделе «Приватность» и обновите страницу «{ $service }»: через секунду баллов нет.
demo-try-end = Разорвите связь с «{ $service }». Кинотеатр этого даже не заметит.
demo-log = Что только что произошло
demo-log-empty = Пока ничего. Войдите куда-нибудь и вернитесь.
demo-log-older = { $count ->
        [one] Ещё { $count } вызов раньше
        [few] Ещё { $count } вызова раньше
       *[many] Ещё { $count } вызовов раньше
    }
demo-live-on = Обновлять само
demo-live-off = Не обновлять
demo-personas = Стать кем-нибудь
demo-outbox = Исходящие
demo-outbox-hint = с этого компьютера ничего не уходит
demo-outbox-empty = Писем пока нет.
demo-read-mail = Прочитать письмо
demo-clear-outbox = Очистить исходящие
demo-back = К демонстрации
demo-simulated = Что здесь понарошку
demo-fictional = Вымышленная компания из демонстрации Concord

# Партнёры
partner-welcome = Добро пожаловать в «{ $service }»
partner-own-sign-in = Аккаунт «{ $service }»
partner-login = Логин
partner-try = Для пробы:
partner-or-concord = Или через Concord ID
partner-concord-text = Один вход в несколько сервисов. Что увидит каждый, решаете вы.
partner-continue = Войти через Concord
partner-your-account = Ваш аккаунт «{ $service }»
partner-number = Номер
partner-state-connected = подключён
partner-state-through = вход через него
partner-state-not = не подключён
partner-connected-since = Подключён с { $date }.
partner-through-text = Вы пришли в «{ $service }» через Concord, и аккаунт здесь открыт с его помощью.
partner-connect-text = Подключите этот аккаунт, и в следующий раз наш пароль не понадобится.
partner-connect = Подключить Concord
partner-disconnect = Отключить
partner-manage = Управлять в Concord
partner-panel-from = из «{ $service }»
partner-panel-ask = Мы можем показать здесь ваши данные из «{ $service }». Сначала у вас спросят согласие.
partner-panel-withdrawn = Вы отозвали согласие, и мы больше не видим ваши данные из «{ $service }».
partner-panel-not-linked = Чтобы увидеть это, сначала подключите к Concord свой аккаунт в «{ $service }».
partner-panel-unavailable = «{ $service }» сейчас не отвечает.
partner-share = Показать здесь
partner-tokens = Токены этого входа
partner-signed-out = Вы вышли из «{ $service }».
partner-ended-by-concord = Concord завершил ваш вход в «{ $service }».
partner-connected = Аккаунт «{ $service }» подключён к вашему Concord ID.
partner-declined = Вы решили не подключать аккаунт «{ $service }». Всё работает как раньше.
partner-link-failed = На этот раз подключить не удалось. Аккаунт «{ $service }» работает как раньше.
partner-disconnected = Аккаунт «{ $service }» больше не подключён к Concord.
partner-sign-in-declined = Вы решили не входить в «{ $service }» через Concord.
partner-sign-in-failed = Войти в «{ $service }» через Concord не получилось. Попробуйте ещё раз или войдите с местным аккаунтом.
partner-sign-out-everywhere = Выйти и из Concord
partner-share-declined = Вы решили ничего не показывать. В «{ $service }» всё по-прежнему.
