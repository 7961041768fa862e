# Linking
steps-link = Steps of linking
step-sign-in = Sign in
step-check = Check and agree
step-done = Done
link-title = Link your { $service } account with your Concord ID?
link-service-learns = What { $service } learns
link-concord-learns = What Concord learns
link-that-it-is-you = that it is you when you sign in with Concord ID
link-which-account = which { $service } account is yours
link-domain-values = “{ $domain }”: what the service enters there, for you to share where you choose
link-purpose = to sign in with one name and decide who sees what
nothing = nothing
link-change-mind = You can end the link under “Linked accounts” in your Concord ID, and it ends within a second. { $service } works without it too.
link-decline = Not now
link-accept = Link accounts
link-refused-title = Your { $service } account was not linked
link-refused-held = This { $service } account is already linked with another Concord ID. If that one is yours too, sign in with it. If it is not, tell { $service }.
link-refused-other = Your Concord ID is already linked with another { $service } account. To link this one, end the other link first, under “Linked accounts”.
link-refused-old = The confirmation from { $service } is no longer fresh. Go back there and connect the account again.
link-refused-not-now = This account can’t be linked at the moment. { $service } can tell you more.
link-refused-go-on = You can go on without the link: signing in works as before.
go-on-without-link = Go on without the link

# Consent
consent-title = Share your information with { $service }?
consent-title-more = { $service } asks for more
consent-optional-hint = Tick what you want to share. The rest is not passed on, and you are signed in all the same.
consent-already = { $count ->
        [one] What { $service } may read already: { $count } item
       *[other] What { $service } may read already: { $count } items
    }
consent-from = from { $service }
consent-needed = needed to sign in
now-value = Now
consent-missing = Asked for, but not possible yet
consent-missing-item = { $what }: this needs your linked { $service } account.
consent-connect = Connect it at { $service }
consent-change-mind = Withdrawing is as easy as agreeing: under “Privacy” in your Concord ID. It takes effect within a second.
consent-decline = Don’t agree
consent-decline-more = Not now
consent-accept = Agree
consent-accept-chosen = Agree to my choice
whole-text-of = { $what }: full text, version { $version }
named-value = { $name }: { $value }
agreement-sign-in = Signing in with Concord
agreement-link = Connecting an account
agreement-share = Sharing your data
agreement-version = Version
