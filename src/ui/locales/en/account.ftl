# The person's own pages
account-nav = Your Concord ID
nav-home = Overview
nav-links = Linked accounts
nav-privacy = Privacy
nav-sessions = Devices
nav-security = Security
hello = Hello, { $name }
customer-id = Your customer id
customer-id-hint = It is the same for good, even if your address changes. It is no secret and opens nothing; support may ask you for it.
your-services = Your services
no-services = You haven’t signed in to any service with Concord yet.
account-linked = account linked
sign-in-only = sign-in only
last-used = Last used { $when }
disconnect = Disconnect
see-all = See all
who-may-read = Who may read what
all-consents = { $count ->
        [0] Privacy
        [one] { $count } consent
       *[other] All { $count } consents
    }
latest-decisions = Latest decisions
no-decisions = You haven’t decided anything yet.
decision-given = agreed
decision-withdrawn = withdrawn
decision-refused = declined
decision-linked = linked
decision-link-ended = link ended
session-count = { $count ->
        [one] You are signed in on this device only.
       *[other] You are signed in on { $count } devices.
    }
see-sessions = See devices

# Links
links-intro = A linked account is one that a service holds for you, and which you have said is yours.
no-links = No account is linked. Linking starts at the service: sign in there and choose “Connect Concord”.
link-active = works
link-suspended = paused
link-pending = being finished
link-disputed = under review
link-nobody-reads = no other service reads from it
link-readers = read by { $readers }
undo-until = New. Not you? You can undo it until { $time }.
undo = Undo
end-link = End the link
connect-more = You can also connect
connect-hint = This starts at the service, so that both sides know it is you.

# Privacy
privacy-title = Who sees what
privacy-intro = What each service may read about you. Nothing else leaves Concord.
privacy-table = What each service may read, by subject
cell-nothing = nothing
cell-own = its own data
cell-needed = needed for signing in
cell-chosen = you chose to share
cell-ends-soon = ends within 30 days
your-consents = Your consents
no-consents = No service may read anything about you.
no-consents-given = You have not agreed to anything that could be withdrawn.
withdraw-hint = One click is enough, and it works within a second. What a service has read before, it must delete.
withdraw = Withdraw

# Ending
end-link-title = End the link with { $service }?
disconnect-title = Disconnect { $service }?
what-stops = What stops
what-stays = What stays
ending-link-signed-out = { $service } signs you out within a second.
ending-link-sign-in = Signing in with Concord no longer opens this { $service } account.
ending-service-signed-out = { $service } signs you out within a second and can’t sign you in through Concord.
ending-service-reads = { $service } can no longer read anything about you at Concord.
ending-reader = { $reader } no longer sees your { $service } data.
ending-keeps-account = Your account at { $service } itself, and the way you sign in there.
ending-keeps-others = Your other services: they notice nothing.
ending-again = You can connect it again later; that asks for your consent anew.
keep = Keep it

# Devices
sessions-intro = Browsers in which you are signed in to Concord.
this-browser = this browser
signed-in-on = signed in on { $when }
last-seen = last seen { $when }
session-services = Used for: { $services }
end-others = Sign out everywhere else
no-other-sessions = You are not signed in anywhere else.

# Security
password-set-on = Set on { $date }.
set-password = Choose a password
password-none = You have none: you sign in with codes by email.
contacts-title = Addresses and numbers
verified-on = confirmed on { $date }
not-verified-yet = not confirmed yet
signs-you-in = signs you in

# Said once, after something was done
notice-consent-withdrawn = Withdrawn. { $service } can no longer read it.
notice-link-ended = The link with { $service } has ended.
notice-disconnected = { $service } is disconnected.
notice-session-ended = That device is signed out.
notice-others-ended = All other devices are signed out.
notice-password-set = Your new password works from now on.
notice-nickname-set = Good. That is how we will address you.
notice-nothing-changed = Nothing was changed: it had been done already.

# Leaving
sign-out-title = Sign out of Concord ID?
sign-out-services = These services will sign you out too:
stay = Stay signed in
signed-out-title = You are signed out
signed-out-services = These services have been told:
signed-out-hint = On a shared computer, close the browser too.
sign-in-again = Sign in again
sign-in-consent = Sign-in with Concord ID
sign-in-consent-why = to let you in without another password
unknown-browser = A browser
