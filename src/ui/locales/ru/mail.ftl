# Письма
mail-signature = Concord ID, { $host }
    Это письмо написал робот, ответы на него никто не читает.
mail-code-subject = { $code } — код для входа в Concord ID
mail-code-service = Кто-то, скорее всего вы, входит в «{ $service }» через Concord ID. Код:
mail-code-plain = Кто-то, скорее всего вы, входит в Concord ID. Код:
mail-code-valid = { $minutes ->
        [one] Он действует { $minutes } минуту и только на той странице, где его запросили.
        [few] Он действует { $minutes } минуты и только на той странице, где его запросили.
       *[many] Он действует { $minutes } минут и только на той странице, где его запросили.
    }
mail-code-warning = Если это были не вы, ничего делать не нужно. Никому не сообщайте код: наши сотрудники его не спрашивают.
mail-link-subject = Аккаунт «{ $service }» связан с вашим Concord ID
mail-link-what = Аккаунт «{ $service }» { $account } связан с вашим Concord ID: { $at }.
mail-link-yours = Если это были вы, ничего делать не нужно.
mail-link-undo = Если не вы, отмените связь в разделе «Связанные аккаунты» до { $until }:
mail-withdrawn-subject = «{ $service }» больше не видит ваши данные
mail-withdrawn-what = Вы отозвали согласие: { $at }. «{ $service }» больше не видит «{ $what }».
mail-withdrawn-after = Прочитанное раньше сервис обязан удалить в течение 30 дней. Всё остальное работает как прежде.
mail-see-privacy = Кто что может видеть:
mail-password-subject = Пароль вашего Concord ID изменён
mail-password-what = У вашего Concord ID новый пароль. На всех других устройствах мы завершили сеансы.
mail-password-otherwise = Если это были вы, ничего делать не нужно. Если не вы, войдите по коду, который придёт на этот адрес, завершите все сеансы и выберите новый пароль:
mail-fact-device = Устройство: { $device }
mail-fact-time = Время: { $at }
