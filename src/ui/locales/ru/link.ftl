# Связь
steps-link = Шаги связывания
step-sign-in = Вход
step-check = Проверка и согласие
step-done = Готово
link-title = Связать аккаунт «{ $service }» с вашим Concord ID?
link-service-learns = Что узнает «{ $service }»
link-concord-learns = Что узнает Concord
link-that-it-is-you = что это вы, когда входите через Concord ID
link-which-account = какой аккаунт в «{ $service }» ваш
link-domain-values = «{ $domain }»: что вносит сервис, чтобы вы делились этим по своему выбору
link-purpose = чтобы входить одним именем и решать, кто что видит
nothing = ничего
link-change-mind = Связь можно разорвать в разделе «Связанные аккаунты» вашего Concord ID, это займёт секунду. «{ $service }» работает и без неё.
link-decline = Не сейчас
link-accept = Связать
link-refused-title = Аккаунт «{ $service }» не связан
link-refused-held = Этот аккаунт «{ $service }» уже связан с другим Concord ID. Если он тоже ваш, войдите с ним. Если нет, сообщите в «{ $service }».
link-refused-other = Ваш Concord ID уже связан с другим аккаунтом «{ $service }». Чтобы связать этот, сначала разорвите ту связь в разделе «Связанные аккаунты».
link-refused-old = Подтверждение от «{ $service }» устарело. Вернитесь туда и подключите аккаунт ещё раз.
link-refused-not-now = Сейчас связать этот аккаунт нельзя. Подробнее расскажут в «{ $service }».
link-refused-go-on = Можно продолжить без связи: вход работает как раньше.
go-on-without-link = Продолжить без связи

# Согласие
consent-title = Поделиться данными с сервисом «{ $service }»?
consent-title-more = «{ $service }» просит о новых данных
consent-optional-hint = Отметьте, чем хотите поделиться. Остальное не передаётся, и войти это не мешает.
consent-already = «{ $service }» уже видит: { $count ->
        [one] { $count } пункт
        [few] { $count } пункта
       *[many] { $count } пунктов
    }
consent-from = от «{ $service }»
consent-needed = нужно для входа
now-value = Сейчас
consent-missing = Запрошено, но пока невозможно
consent-missing-item = { $what }: нужен связанный аккаунт «{ $service }».
consent-connect = Подключить в «{ $service }»
consent-change-mind = Отозвать согласие так же просто, как дать: раздел «Приватность» в вашем Concord ID. Действует через секунду.
consent-decline = Не соглашаюсь
consent-decline-more = Не сейчас
consent-accept = Соглашаюсь
consent-accept-chosen = Соглашаюсь с выбранным
whole-text-of = { $what }: полный текст, версия { $version }
named-value = { $name }: { $value }
agreement-sign-in = Вход через Concord
agreement-link = Связь аккаунта
agreement-share = Передача ваших данных
agreement-version = Версия
