# The hub
demo-name = Concord demo
demo-local = on this machine only
demo-hero = { $count ->
        [one] One ecosystem, one service, one login
        [3] One ecosystem, three services, one login
       *[other] One ecosystem, { $count } services, one login
    }
demo-intro = Each service below is a real one, with its own customers and its own sign-in. Some of them are the same people, who never agreed that one account works in another. Concord lets them say so, and take it back.
demo-your-id = Your Concord ID
demo-your-id-text = What is linked, who sees what, and how to take it back.
demo-try = Try this
demo-done = { $done } of { $all } done
demo-step-done = Done:
demo-sign-in-as = Local account:
demo-try-register = Register at { $service } with “Continue with Concord” and any email address. The code lands in the outbox.
demo-try-connect = Sign in at { $service } with a local account, and connect it with your Concord ID.
demo-try-connect-back = Do the same at { $service }. Then sign out there, and come back without a password.
demo-try-share = Let { $service } read your points, and look at the token in the log.
demo-try-withdraw = Withdraw that under “Privacy” and reload { $service }: gone within a second.
demo-try-end = End the link with { $service }. The cinema doesn’t even notice.
demo-log = What just happened
demo-log-empty = Nothing yet. Sign in somewhere and come back.
demo-log-older = { $count ->
        [one] { $count } call before that
       *[other] { $count } calls before that
    }
demo-live-on = Refresh by itself
demo-live-off = Stop refreshing
demo-personas = Be somebody
demo-outbox = Outbox
demo-outbox-hint = nothing leaves this machine
demo-outbox-empty = No mail yet.
demo-read-mail = Read the mail
demo-clear-outbox = Empty the outbox
demo-back = Back to the demo
demo-simulated = What is simulated
demo-fictional = A made-up company in the Concord demo

# Partners
partner-welcome = Welcome to { $service }
partner-own-sign-in = Your { $service } account
partner-login = Login name
partner-try = To try:
partner-or-concord = Or with Concord ID
partner-concord-text = One login for several services. You decide what each of them sees.
partner-continue = Continue with Concord
partner-your-account = Your { $service } account
partner-number = Number
partner-state-connected = connected
partner-state-through = signed in through it
partner-state-not = not connected
partner-connected-since = Connected since { $date }.
partner-through-text = You came to { $service } through Concord, and your account here was opened with it.
partner-connect-text = Connect this account, and next time sign in without a password of ours.
partner-connect = Connect Concord
partner-disconnect = Disconnect
partner-manage = Manage in Concord
partner-panel-from = from { $service }
partner-panel-ask = We can show your { $service } data here. You will be asked for consent first.
partner-panel-withdrawn = You have withdrawn your consent, so we no longer see your { $service } data.
partner-panel-not-linked = To see this, connect your account at { $service } with Concord first.
partner-panel-unavailable = { $service } doesn’t answer at the moment.
partner-share = Show it here
partner-tokens = Tokens of this sign-in
partner-signed-out = You are signed out of { $service }.
partner-ended-by-concord = Concord has ended your sign-in at { $service }.
partner-connected = Your { $service } account is connected with your Concord ID.
partner-declined = You chose not to connect your { $service } account. Everything works as before.
partner-link-failed = Connecting didn’t work this time. Your { $service } account works as before.
partner-disconnected = Your { $service } account is no longer connected with Concord.
partner-sign-in-declined = You chose not to sign in to { $service } with Concord.
partner-sign-in-failed = Signing in to { $service } with Concord didn’t work. Try again, or use your local account.
partner-sign-out-everywhere = Sign out of Concord too
partner-share-declined = You chose not to share. { $service } works as before.
