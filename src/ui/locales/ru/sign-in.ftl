# Кто вы
sign-in-title = Вход
sign-in-promise = Concord ничего не рассказывает о вас сервисам, пока вы не согласитесь.
email-label = Электронная почта
email-or-phone-label = Почта или телефон
new-here = Впервые здесь?
create-id = Создать Concord ID
error-email-empty = Введите адрес электронной почты
error-email-shape = Введите адрес в виде name@example.com
error-identifier-empty = Введите адрес почты или номер телефона
error-identifier-shape = Введите адрес в виде name@example.com или номер с кодом страны, например +7 916 123-45-67
error-identifier-locked = Этот Concord ID временно заблокирован, войти в него нельзя. Обратитесь в поддержку сервиса, из которого пришли
error-busy = Сейчас входит слишком много людей. Подождите полминуты и попробуйте ещё раз

# Пароль
password-title = Введите пароль
password-label = Пароль
change-identifier = почту или телефон
use-code = Получить код по почте
error-password-empty = Введите пароль
error-credentials = Войти с этими данными не получается. Проверьте их или выберите другой способ

# Код
code-title = Введите код
code-title-contact = Подтвердите адрес почты
code-title-reauth = Подтвердите, что это вы
code-sent = Мы отправили код на { $address }.
code-valid = { $minutes ->
        [one] Он действует { $minutes } минуту.
        [few] Он действует { $minutes } минуты.
       *[many] Он действует { $minutes } минут.
    }
code-label = Код из 6 цифр
code-resent = Мы отправили новый код. Прежний больше не действует.
code-help = Письма нет? Загляните в папку «Спам». Никто из Concord никогда не спросит у вас этот код.
resend = Отправить новый код
use-password = Войти с паролем
other-address = Указать другой адрес
error-code-empty = Введите код из письма
error-code-shape = Введите все 6 цифр кода, например 492 017
error-code-wrong = { $left ->
        [one] Это не тот код, который мы отправили. Осталась { $left } попытка
        [few] Это не тот код, который мы отправили. Осталось { $left } попытки
       *[many] Это не тот код, который мы отправили. Осталось { $left } попыток
    }
error-code-expired = Срок действия кода истёк. Отправьте новый
error-code-spent = Это была последняя попытка для этого кода. Отправьте новый

# Кто здесь
reauth-title = Подтвердите, что это вы
reauth-why-service = «{ $service }» просит подтвердить, что это вы, прежде чем продолжить.
reauth-why-asked = Прежде чем продолжить, нужно подтвердить, что это вы.
reauth-why-age = Вы вошли довольно давно, и сервис хочет убедиться, что это по-прежнему вы.
reauth-why-link = Вы связываете аккаунт «{ $service }». Проверка нужна, чтобы этого не сделал кто-то другой за вашим компьютером.
reauth-why-change = Вы меняете способ входа. Проверка нужна, чтобы этого не сделал кто-то другой за вашим компьютером.
select-title = Кто входит?
signed-out-state = нужен вход
use-another = Войти с другим Concord ID

# Регистрация
steps-register = Шаги создания Concord ID
step-address = Почта
step-code = Код
step-name = Имя
step-password = Пароль
register-intro = Один вход во все сервисы, которые работают с Concord. Что увидит каждый из них, решаете вы.
register-email-hint = Отправим на него код, чтобы убедиться, что адрес ваш. Без вашего согласия его никто не получит.
send-code = Отправить код
have-id = Уже есть Concord ID?
nickname-title = Как к вам обращаться?
nickname-label = Имя или прозвище
nickname-hint = Любое, какое нравится. Полное имя или имя по паспорту не нужно.
error-nickname-empty = Введите имя или прозвище
error-nickname-long = { $max ->
        [one] Сократите имя: не больше { $max } символа
       *[many] Сократите имя: не больше { $max } символов
    }
error-nickname-signs = Оставьте буквы, цифры и обычные знаки: некоторые символы в этом имени нельзя показать
choose-password-title = Придумайте пароль
change-password-title = Сменить пароль
new-password-label = Новый пароль
password-rule-length = { $min ->
        [one] Не короче { $min } символа
       *[many] Не короче { $min } символов. Несколько слов подряд легко запомнить
    }
password-rule-words = Без вашего имени и адреса и не из тех, что подбирают первыми
password-rule-free = Можно пробелы и буквы любого языка; цифры и знаки не обязательны
save-password = Сохранить пароль
current-password-label = Текущий пароль
error-current-password-empty = Введите текущий пароль
error-current-password-wrong = Это не ваш текущий пароль
error-new-password-empty = Введите новый пароль
error-new-password-short = { $min ->
        [one] Нужен хотя бы { $min } символ
        [few] Нужно хотя бы { $min } символа
       *[many] Нужно хотя бы { $min } символов
    }
error-new-password-long = Нужно не больше { $max } символов
error-new-password-common = Придумайте другой пароль: этот подбирают одним из первых
cancel = Отмена
