# Mails
mail-signature = Concord ID, { $host }
    This mail was written by a machine; nobody reads the answers.
mail-code-subject = { $code } is your Concord ID code
mail-code-service = Somebody, most likely you, is signing in to { $service } with Concord ID. The code:
mail-code-plain = Somebody, most likely you, is signing in to Concord ID. The code:
mail-code-valid = { $minutes ->
        [one] It works for { $minutes } minute, and only on the page where it was asked for.
       *[other] It works for { $minutes } minutes, and only on the page where it was asked for.
    }
mail-code-warning = If it wasn’t you, there is nothing to do. Tell the code to nobody: our staff never ask for it.
mail-link-subject = Your { $service } account is now linked with your Concord ID
mail-link-what = Your { $service } account { $account } was linked with your Concord ID on { $at }.
mail-link-yours = If that was you, there is nothing to do.
mail-link-undo = If it wasn’t, undo it under “Linked accounts” until { $until }:
mail-withdrawn-subject = { $service } can no longer read your data
mail-withdrawn-what = On { $at } you withdrew your consent: { $service } can no longer read “{ $what }”.
mail-withdrawn-after = What it had read before, it must delete within 30 days. Everything else works as it did.
mail-see-privacy = Who may read what:
mail-password-subject = The password of your Concord ID was changed
mail-password-what = Your Concord ID has a new password. Every other browser was signed out.
mail-password-otherwise = If that was you, there is nothing to do. If it wasn’t, sign in with a code sent to this address, sign all devices out and choose a new password:
mail-fact-device = Device: { $device }
mail-fact-time = Time: { $at }
