# Who are you
sign-in-title = Sign in
sign-in-promise = No service learns anything about you from Concord until you agree.
email-label = Email address
email-or-phone-label = Email or phone
new-here = New here?
create-id = Create a Concord ID
error-email-empty = Enter your email address
error-email-shape = Enter an email address like name@example.com
error-identifier-empty = Enter your email address or phone number
error-identifier-shape = Enter an email address like name@example.com, or a phone number with its country code, like +44 20 7946 0958
error-identifier-locked = This Concord ID is locked for now, so nobody can sign in to it. Ask the service where you started for help
error-busy = Too many people are signing in at this moment. Wait half a minute and try again

# Password
password-title = Enter your password
password-label = Password
change-identifier = email or phone
use-code = Send me a code by email
error-password-empty = Enter your password
error-credentials = We can’t sign you in with these details. Check them or use another way

# Code
code-title = Enter the code
code-title-contact = Confirm your email address
code-title-reauth = Confirm that it’s you
code-sent = We sent a code to { $address }.
code-valid = { $minutes ->
        [one] It works for { $minutes } minute.
       *[other] It works for { $minutes } minutes.
    }
code-label = 6-digit code
code-resent = A new code is on its way. The earlier one no longer works.
code-help = Nothing there? Look in the spam folder. Nobody from Concord will ever ask you for this code.
resend = Send a new code
use-password = Use a password
other-address = Use another address
error-code-empty = Enter the code from the email
error-code-shape = Enter all 6 digits of the code, like 492 017
error-code-wrong = { $left ->
        [one] This is not the code we sent. You have one try left
       *[other] This is not the code we sent. You have { $left } tries left
    }
error-code-expired = This code is too old to work. Send a new one
error-code-spent = That was the last try for this code. Send a new one

# Who is here
reauth-title = Confirm that it’s you
reauth-why-service = { $service } asks you to confirm who you are before you go on.
reauth-why-asked = You were asked to confirm who you are before you go on.
reauth-why-age = It has been a while since you signed in, and the service wants to be sure it is still you.
reauth-why-link = You are about to link your { $service } account. This protects you from somebody else doing it at your computer.
reauth-why-change = You are about to change how you sign in. This protects you from somebody else doing it at your computer.
select-title = Who is signing in?
signed-out-state = signed out
use-another = Use another Concord ID

# Registration
steps-register = Steps to your Concord ID
step-address = Email
step-code = Code
step-name = Name
step-password = Password
register-intro = One login for every service that works with Concord. What each of them sees is up to you.
register-email-hint = We’ll send a code to make sure it is yours. Nobody else gets this address without your consent.
send-code = Send the code
have-id = Already have one?
nickname-title = How may we address you?
nickname-label = Name or nickname
nickname-hint = Anything you like. It doesn’t have to be your full or legal name.
error-nickname-empty = Enter a name or nickname
error-nickname-long = { $max ->
        [one] Use a shorter name: at most { $max } character
       *[other] Use a shorter name: at most { $max } characters
    }
error-nickname-signs = Use letters, digits and ordinary signs only: some characters in this name can’t be shown
choose-password-title = Choose a password
change-password-title = Change your password
new-password-label = New password
password-rule-length = { $min ->
        [one] At least { $min } character
       *[other] At least { $min } characters. A few words in a row are easy to remember
    }
password-rule-words = Not your name or address, and not one that everybody tries first
password-rule-free = Spaces and letters of any language are fine; digits and signs are not required
save-password = Save the password
current-password-label = Present password
error-current-password-empty = Enter your present password
error-current-password-wrong = This is not your present password
error-new-password-empty = Enter a new password
error-new-password-short = { $min ->
        [one] Use at least { $min } character
       *[other] Use at least { $min } characters
    }
error-new-password-long = Use at most { $max } characters
error-new-password-common = Choose another password: this one is among the first that anybody would try
cancel = Cancel
