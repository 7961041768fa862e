# On every page
brand = Concord ID
skip-to-content = Skip to the content
language-nav = Language
theme-nav = Colours
theme-auto = Auto
theme-light = Light
theme-dark = Dark
title-error = Error:
continue = Continue
sign-in = Sign in
sign-out = Sign out
change = Change
save = Save
open = Open
or = or
a-service = a service
service = Service
verified = verified partner
to-continue-to = To continue to
signed-in-as = Signed in as { $person }.
not-you = Not you?
purpose = What for
until = How long
until-date = until { $date }
until-withdrawn = until you withdraw it
since-date = since { $date }
whole-text = Full text, version { $version }
change-mind = You can change your mind.
back-to = Back to { $service }
go-to = Go to { $service }

# Numbers and dates
date = { $day } { $month ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[12] December
    } { $year }
moment = { $date }, { $time }
ago-now = just now
ago-minutes = { $n ->
        [one] { $n } minute ago
       *[other] { $n } minutes ago
    }
ago-hours = { $n ->
        [one] { $n } hour ago
       *[other] { $n } hours ago
    }
ago-days = { $n ->
        [one] yesterday
       *[other] { $n } days ago
    }
wait-minutes = { $n ->
        [one] { $n } minute
       *[other] { $n } minutes
    }
wait-hours = { $n ->
        [one] { $n } hour
       *[other] { $n } hours
    }
wait-days = { $n ->
        [one] { $n } day
       *[other] { $n } days
    }
too-many-tries = Too many tries. You can try again in { $wait }, at { $time }.
