# На каждой странице
brand = Concord ID
skip-to-content = Перейти к содержанию
language-nav = Язык
theme-nav = Оформление
theme-auto = Авто
theme-light = Светлое
theme-dark = Тёмное
title-error = Ошибка:
continue = Продолжить
sign-in = Войти
sign-out = Выйти
change = Изменить
save = Сохранить
open = Открыть
or = или
a-service = сервис
service = Сервис
verified = проверенный партнёр
to-continue-to = Вход в сервис
signed-in-as = Вы вошли как { $person }.
not-you = Это не вы?
purpose = Зачем
until = Срок
until-date = до { $date }
until-withdrawn = пока не отзовёте
since-date = с { $date }
whole-text = Полный текст, версия { $version }
change-mind = Можно передумать.
back-to = Вернуться в «{ $service }»
go-to = Перейти в «{ $service }»

# Числа и даты
date = { $day } { $month ->
        [1] января
        [2] февраля
        [3] марта
        [4] апреля
        [5] мая
        [6] июня
        [7] июля
        [8] августа
        [9] сентября
        [10] октября
        [11] ноября
       *[12] декабря
    } { $year }
moment = { $date }, { $time }
ago-now = только что
ago-minutes = { $n ->
        [one] { $n } минуту назад
        [few] { $n } минуты назад
       *[many] { $n } минут назад
    }
ago-hours = { $n ->
        [one] { $n } час назад
        [few] { $n } часа назад
       *[many] { $n } часов назад
    }
ago-days = { $n ->
        [one] { $n } день назад
        [few] { $n } дня назад
       *[many] { $n } дней назад
    }
wait-minutes = { $n ->
        [one] { $n } минуту
        [few] { $n } минуты
       *[many] { $n } минут
    }
wait-hours = { $n ->
        [one] { $n } час
        [few] { $n } часа
       *[many] { $n } часов
    }
wait-days = { $n ->
        [one] { $n } день
        [few] { $n } дня
       *[many] { $n } дней
    }
too-many-tries = Слишком много попыток. Попробовать снова можно через { $wait }, в { $time }.
